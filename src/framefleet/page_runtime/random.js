// Random numbers that are the same on every run: seeded per document, per frame where asked.
// Runs in documents and, as text, in workers; SEED names what tells them apart.
(() => {
  const ours = (globalThis.__framefleet ??= {});
  let state = 0;

  // FNV-1a, then mulberry32: short, and good enough for pictures.
  ours.reseed = (text) => {
    state = 0x811c9dc5;
    for (const letter of `${location.pathname}${location.search}${text}`) {
      state = Math.imul(state ^ letter.codePointAt(0), 0x01000193);
    }
  };
  const draw = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };

  ours.reseed(SEED);
  Math.random = () => draw() / 2 ** 32;
  Crypto.prototype.getRandomValues = function getRandomValues(array) {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = draw() & 255;
    return array;
  };
  Crypto.prototype.randomUUID = function randomUUID() {
    const bytes = this.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');
  };
})();
