// Time as a framefleet page sees it: it stands at the frame that was sought last. Timers are real.
(() => {
  const ours = window.__framefleet;
  let ms = 0;

  ours.setTime = (seconds) => {
    ms = seconds * 1000;
  };
  ours.pageTime = () => ms / 1000;
  ours.replaceDate(() => EPOCH_MS + Math.round(ms));
  performance.now = () => ms;
  const frame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) =>
    frame(typeof callback === 'function' ? () => callback(ms) : callback);
})();
