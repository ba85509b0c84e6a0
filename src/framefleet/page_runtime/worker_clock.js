// The clock of a worker: it stands still between the ticks its page sends.
(() => {
  const timers = new Map();
  let now = 0;
  let last = 0;

  const set = (repeats) => (callback, delay, ...args) => {
    last += 1;
    const wait = Math.max(Number(delay) || 0, 1);
    timers.set(last, {id: last, due: now + wait, wait, repeats, run: () => callback(...args)});
    return last;
  };
  const clear = (id) => timers.delete(id);
  self.setTimeout = set(false);
  self.setInterval = set(true);
  self.clearTimeout = clear;
  self.clearInterval = clear;
  self.requestAnimationFrame = (callback) => set(false)(() => callback(now), 1);
  self.cancelAnimationFrame = clear;
  performance.now = () => now;
  __framefleet.replaceDate(() => EPOCH_MS + Math.floor(WORKER_BORN_MS + now));

  const hop = () =>
    new Promise((resolve) => {
      const {port1, port2} = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(0);
    });
  const nextDue = (to) =>
    [...timers.values()].reduce(
      (best, timer) =>
        timer.due <= to && (!best || timer.due < best.due || (timer.due === best.due && timer.id < best.id))
          ? timer
          : best,
      null,
    );
  // What the messages and promises of one timer lead to comes before the next timer.
  const advance = async (to) => {
    await hop();
    for (let timer = nextDue(to); timer; timer = nextDue(to)) {
      now = timer.due;
      if (timer.repeats) timer.due += timer.wait;
      else timers.delete(timer.id);
      try {
        timer.run();
      } catch (error) {
        reportError(error);
      }
      await hop();
    }
    now = to;
  };

  self.addEventListener('message', async (event) => {
    const to = event.data?.__framefleet_tick;
    if (to === undefined) return;
    event.stopImmediatePropagation();
    await advance(to);
    self.postMessage({__framefleet_ticked: to});
  });
})();
