// Put into a Remotion page before its scripts: what a seek needs from the page's side.
(() => {
  // One channel for all hops: a new one each costs more than the hop.
  const {port1, port2} = new MessageChannel();
  const hopping = [];
  port1.onmessage = () => hopping.shift()();
  const hop = () =>
    new Promise((resolve) => {
      hopping.push(resolve);
      port2.postMessage(0);
    });

  // Counts what comes after the frame has been drawn: changes of the document, and what the page
  // waited for then, as an image that is mounted but not loaded, which no change of it tells of.
  // A begin frame may be answered without one of the page's own frames: then the picture is of what
  // was there before.
  let late = 0;
  let drawn = false;
  const observer = new MutationObserver((records) => {
    late += records.length;
  });
  const everything = {subtree: true, childList: true, attributes: true, characterData: true};

  // Chromium's damage flag misses new pictures of a <video>, and frames of other origins.
  const mayProbe = () => {
    if (document.getElementsByTagName('video').length > 0) return false;
    for (const frame of document.getElementsByTagName('iframe')) {
      if (frame.contentDocument === null) return false;
    }
    return true;
  };

  // Videos that no picture has shown yet.
  const filmed = new WeakSet();
  const hasNewVideo = () => {
    const found = [...document.getElementsByTagName('video')].filter((video) => !filmed.has(video));
    for (const video of found) filmed.add(video);
    return found.length > 0;
  };

  const isReady = () => window.remotion_renderReady === true;
  const hasFonts = () => document.fonts.status === 'loaded';

  const expectFrame = () => {
    drawn = false;
    requestAnimationFrame(() => {
      drawn = true;
      observer.takeRecords();
      // Remotion's own callback, which makes a page ready that waits for nothing, came before.
      late = isReady() && hasFonts() ? 0 : 1;
    });
  };

  // Chromium sometimes never tells of the frame that a seek of a paused <video> brought (two seeks
  // in 3,800 with eight pages on two cores), and <Html5Video> waits for it. The same seek again helps.
  const LOST_AFTER_MS = 300;
  const untold = new Map();
  const prototype = HTMLVideoElement.prototype;
  const {requestVideoFrameCallback, cancelVideoFrameCallback} = prototype;
  prototype.requestVideoFrameCallback = function (callback) {
    const id = requestVideoFrameCallback.call(this, (...told) => {
      untold.delete(this);
      callback(...told);
    });
    untold.set(this, {id, seeked: Infinity});
    return id;
  };
  prototype.cancelVideoFrameCallback = function (id) {
    if (untold.get(this)?.id === id) untold.delete(this);
    cancelVideoFrameCallback.call(this, id);
  };
  const onSeeked = ({target}) => {
    const request = untold.get(target);
    if (request) request.seeked = performance.now();
  };
  document.addEventListener('seeked', onSeeked, true);
  const seekAgain = () => {
    for (const [video, request] of untold) {
      if (video.paused && !video.seeking && performance.now() - request.seeked > LOST_AFTER_MS) {
        request.seeked = Infinity;
        video.currentTime = video.currentTime;
      }
    }
  };

  const state = () => ({
    ready: isReady(),
    cancelled: isReady() ? null : (window.remotion_cancelledError ?? null),
    fonts: hasFonts(),
    mayProbe: mayProbe(),
    runtime: String(window.remotion_imported ?? window.remotion_version ?? ''),
  });

  // React commits in tasks of its own, and may yield between rendering and committing.
  // <OffthreadVideo> closes its handle while it renders and its image opens the next one in the
  // commit: in between the page is ready for a moment without being so. Three hops let it commit.
  const letCommit = async () => {
    for (let i = 0; i < 3; i += 1) await hop();
  };

  window.__framefleet = {
    state: () => {
      seekAgain();
      return state();
    },
    openHandles: () =>
      Object.values(window.remotion_delayRenderTimeouts ?? {}).map((handle) => handle.label),
    async seek(frame, composition, attempt) {
      window.remotion_setFrame(frame, composition, attempt);
      await letCommit();
      observer.observe(document, everything);
      expectFrame();
    },
    // Sounds register in passive effects, a task after the commit. They are collected only once a
    // frame: one that was `taken` already must have been drawn, and not changed since.
    async collect(taken) {
      const isWhole = ({ready, fonts}) => ready && fonts && !(taken && (late > 0 || !drawn));
      if (isWhole(state())) await letCommit();
      const now = state();
      if (!isWhole(now)) return {...now, assets: null};
      return {...now, hasNewVideo: hasNewVideo(), assets: window.remotion_collectAssets()};
    },
    expectFrame,
    // What became of the page by the time its picture was taken.
    async check() {
      await letCommit();
      return {...state(), drawn, late};
    },
  };
})();
