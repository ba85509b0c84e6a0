// Workers on the page's clock: each starts with a clock of its own that the page moves.
(() => {
  const ours = window.__framefleet;
  const NativeWorker = window.Worker;
  const {revokeObjectURL} = URL;
  const running = new Set();
  const inUse = new Set();
  const blob = (text) => URL.createObjectURL(new Blob([text], {type: 'text/javascript'}));

  const wrap = (url, isModule) => {
    const born = ours.pageTime() * 1000;
    // A page may revoke a blob's address as soon as the worker is made; ours is read later.
    inUse.add(url);
    const prelude = `
      Object.defineProperty(self, 'location', {value: new URL(${JSON.stringify(url)})});
      ${WORKER_SCRIPTS.replaceAll('WORKER_BORN_MS', String(born))}`;
    if (isModule) return blob(`import ${JSON.stringify(blob(prelude))};import ${JSON.stringify(url)};`);
    return blob(`${prelude}
      {
        const absolute = (path) => new URL(path, ${JSON.stringify(url)}).href;
        const {importScripts, fetch} = self;
        self.importScripts = (...paths) => importScripts(...paths.map(absolute));
        self.fetch = (input, ...rest) =>
          fetch(input instanceof Request ? input : absolute(input), ...rest);
      }
      importScripts(${JSON.stringify(url)});`);
  };

  window.Worker = class Worker extends NativeWorker {
    #born = ours.pageTime();

    #sent = 0;

    #answered = 0;

    constructor(url, options = {}) {
      super(wrap(new URL(url, document.baseURI).href, options.type === 'module'), options);
      running.add(this);
      // The first listener: what it stops, the page never sees.
      this.addEventListener('message', (event) => {
        if (event.data?.__framefleet_ticked === undefined) return;
        event.stopImmediatePropagation();
        this.#answered += 1;
      });
      this.addEventListener('error', () => {
        this.#answered = this.#sent;
      });
    }

    /** Whether a tick is under way. */
    static isWaiting(worker) {
      return worker.#answered < worker.#sent;
    }

    static tick(worker, time) {
      worker.#sent += 1;
      const ms = Math.round((time - worker.#born) * 10000) / 10;
      worker.postMessage({__framefleet_tick: Math.max(ms, 0)});
    }

    terminate() {
      running.delete(this);
      super.terminate();
    }
  };
  const {tick, isWaiting} = window.Worker;
  delete window.Worker.tick;
  delete window.Worker.isWaiting;

  URL.revokeObjectURL = (url) => {
    if (!inUse.has(url)) revokeObjectURL.call(URL, url);
  };

  ours.workers = {
    count: () => running.size,
    tick: (time) => running.forEach((worker) => tick(worker, time)),
    waiting: () => [...running].filter(isWaiting).length,
  };
})();
