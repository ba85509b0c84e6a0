// Counts every 50 ms from the first message on.
self.onmessage = () => {
  let count = 0;
  setInterval(() => {
    count += 1;
    self.postMessage({count, now: performance.now(), date: Date.now() % 100000, random: Math.random()});
  }, 50);
};
