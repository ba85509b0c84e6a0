// What lies behind a `blob:` address, which means something to its own document alone.
(() => {
  const ours = (window.__framefleet ??= {});
  const {XMLHttpRequest} = window;
  const known = new Map();
  const CHARACTERS_A_CALL = 8192;

  const read = (url) => {
    const request = new XMLHttpRequest();
    // At once, as nothing else comes while the page's time stands; and then only text may be read:
    // in this character set the low byte of each character is a byte of the file.
    request.open('GET', url, false);
    request.overrideMimeType('text/plain; charset=x-user-defined');
    request.send();
    const text = request.responseText;
    const parts = [];
    for (let at = 0; at < text.length; at += CHARACTERS_A_CALL) {
      const codes = Array.from(text.slice(at, at + CHARACTERS_A_CALL), (char) => char.charCodeAt(0) & 255);
      parts.push(String.fromCharCode(...codes));
    }
    return `data:${request.getResponseHeader('content-type') ?? ''};base64,${btoa(parts.join(''))}`;
  };

  /** The blob as a `data:` URL, also after it was revoked if it was asked for before; else null. */
  ours.readBlob = (url) => {
    if (!known.has(url)) {
      try {
        known.set(url, read(url));
      } catch {
        return null;
      }
    }
    return known.get(url);
  };
})();
