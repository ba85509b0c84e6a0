// A page on Chromium's virtual time: one zero for all its clocks, and time stamps without noise.
//
// Until the driver calls `start` (frame 0) the page's clocks stand still and its timers with a
// delay are held, so that however long loading took, everything begins together at frame 0.
(() => {
  const ours = window.__framefleet;
  const native = {
    now: performance.now.bind(performance),
    frame: window.requestAnimationFrame.bind(window),
    setTimeout: window.setTimeout.bind(window),
    setInterval: window.setInterval.bind(window),
    clearTimeout: window.clearTimeout.bind(window),
  };
  // Not 0, which the usual `if (!start) start = now` takes for unset. It also lifts 33.3 ms over
  // the 33.33 that frame 1 begins at, so that a page that computes its frame number finds 1.
  const FIRST_STAMP_MS = 0.1;
  let zero = null;

  // Times are multiples of 0.1 ms but for float noise. Up, not to the nearest: what runs in the
  // last 90 us before a frame, where media and workers are waited for, is told the frame's time.
  const stamp = (ms) =>
    zero === null ? FIRST_STAMP_MS : Math.ceil((ms - zero + FIRST_STAMP_MS) * 10 - 0.05) / 10;

  ours.ticks = 0;
  ours.pageTime = () => (zero === null ? 0 : (native.now() - zero) / 1000);

  // Chromium's clock for SVG animations moves with the first frame only.
  const rewindDrawings = () => {
    for (const svg of document.querySelectorAll('svg')) {
      if (svg.ownerSVGElement === null) svg.setCurrentTime(0);
    }
  };
  const count = () => {
    if (ours.ticks === 0) rewindDrawings();
    ours.ticks += 1;
    native.frame(count);
  };
  native.frame(count);

  performance.now = () => stamp(native.now());
  Object.defineProperty(performance, 'timeOrigin', {get: () => EPOCH_MS});
  window.requestAnimationFrame = (callback) =>
    native.frame(typeof callback === 'function' ? (ms) => callback(stamp(ms)) : callback);
  // Native idle callbacks depend on whether the frame before was displayed.
  window.requestIdleCallback = (callback) =>
    native.setTimeout(() => callback({didTimeout: false, timeRemaining: () => 10}), 1);
  window.cancelIdleCallback = native.clearTimeout;

  let dateZero = 0;
  const NativeDate = ours.replaceDate(() =>
    zero === null ? EPOCH_MS : EPOCH_MS + NativeDate.now() - dateZero,
  );

  // Timers set before frame 0.
  const held = new Map();
  const revived = new Map();
  let lastHeld = 2 ** 30;
  const hold = (set) => (callback, delay, ...args) => {
    if (zero !== null || !(Number(delay) >= 1)) return set(callback, delay, ...args);
    lastHeld += 1;
    held.set(lastHeld, () => set(callback, delay, ...args));
    return lastHeld;
  };
  window.setTimeout = hold(native.setTimeout);
  window.setInterval = hold(native.setInterval);
  window.clearTimeout = (id) => {
    if (!held.delete(id)) native.clearTimeout(revived.get(id) ?? id);
  };
  window.clearInterval = window.clearTimeout;

  // Libraries mix performance.now() with the times of animations: keep them on one axis.
  const wanted = new Map();
  const property = (prototype, name, make) => {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
    Object.defineProperty(prototype, name, {...descriptor, ...make(descriptor)});
    return descriptor;
  };
  const isOurs = (timeline) => timeline instanceof DocumentTimeline;
  property(AnimationTimeline.prototype, 'currentTime', ({get}) => ({
    get() {
      const ms = get.call(this);
      return isOurs(this) && ms !== null ? stamp(ms) : ms;
    },
  }));
  const startTime = property(Animation.prototype, 'startTime', ({get, set}) => ({
    get() {
      if (wanted.has(this)) return wanted.get(this);
      const ms = get.call(this);
      return isOurs(this.timeline) && ms !== null ? ms - (zero ?? 0) + FIRST_STAMP_MS : ms;
    },
    set(ms) {
      if (!isOurs(this.timeline) || ms === null) set.call(this, ms);
      else if (zero === null) wanted.set(this, ms);
      else set.call(this, ms + zero - FIRST_STAMP_MS);
    },
  }));

  /** Frame 0 is now. `date` is what the native Date told at frame 0 of the page. */
  ours.start = (date = NativeDate.now()) => {
    if (zero !== null) return date;
    zero = native.now();
    dateZero = date;
    for (const [animation, ms] of wanted) startTime.set.call(animation, ms + zero - FIRST_STAMP_MS);
    wanted.clear();
    for (const [id, set] of held) revived.set(id, set());
    held.clear();
    return date;
  };
})();
