// What the driver asks of a page on our clock, one call a step.
(() => {
  const ours = window.__framefleet;
  const hasOpaqueFrame = () =>
    Array.prototype.some.call(document.getElementsByTagName('iframe'), (frame) => !frame.contentDocument);

  ours.clocked = {
    /** How far the page is, and what the next frame must wait for. */
    state: () => ({
      ticks: ours.ticks,
      needsCare: ours.media.count() + ours.workers.count() > 0,
      mayProbe: !ours.media.hasVideo() && !hasOpaqueFrame(),
    }),

    /** Begin to bring media and workers to page second `time`. */
    enter(time) {
      ours.media.seek(time);
      ours.workers.tick(time);
      return ours.clocked.waiting();
    },

    waiting: () => ours.media.waiting() + ours.workers.waiting(),

    /** All is there for this frame. */
    settle: () => ours.media.settle(),
  };
})();
