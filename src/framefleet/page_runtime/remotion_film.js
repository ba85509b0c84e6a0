// Put into a Remotion page before its scripts: what a seek needs from the page's side.
(() => {
  const hop = () =>
    new Promise((resolve) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => resolve();
      channel.port2.postMessage(0);
    });

  // Counts changes of the document that come after the frame has been drawn.
  let late = 0;
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

  const state = () => ({
    ready: window.remotion_renderReady === true,
    cancelled: window.remotion_renderReady === true ? null : (window.remotion_cancelledError ?? null),
    fonts: document.fonts.status === 'loaded',
    late,
    mayProbe: mayProbe(),
  });

  window.__framefleet = {
    state,
    openHandles: () =>
      Object.values(window.remotion_delayRenderTimeouts ?? {}).map((handle) => handle.label),
    // React commits in tasks of its own: three hops let it, so that the next frame draws it.
    async seek(frame, composition, attempt) {
      window.remotion_setFrame(frame, composition, attempt);
      await hop();
      await hop();
      await hop();
      observer.observe(document, everything);
      requestAnimationFrame(() => {
        observer.takeRecords();
        late = 0;
      });
    },
    // Sounds register in passive effects, a task after the commit: hence the hop. Collected only
    // once a frame: `strict` refuses a frame whose document changed after it was drawn.
    async collect(strict) {
      const before = state();
      if (!before.ready || !before.fonts || (strict && before.late > 0)) return {...before, assets: null};
      await hop();
      return {...before, assets: window.remotion_collectAssets()};
    },
  };
})();
