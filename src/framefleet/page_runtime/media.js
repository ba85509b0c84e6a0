// `<video>` and `<audio>` by page time: where each element stands is computed, never played.
//
// PLAYS_BY_ITSELF says whether autoplay and `play()` run on the page's clock (pages on our clock).
// Elsewhere only elements with data-start, data-end, data-media-start or autoplay are driven.
(() => {
  const ours = window.__framefleet;
  const prototype = HTMLMediaElement.prototype;
  const nativeTime = Object.getOwnPropertyDescriptor(prototype, 'currentTime');
  const nativeRate = Object.getOwnPropertyDescriptor(prototype, 'playbackRate');
  const tracks = new Map();
  // Media rates by source in frames a second, given by the driver; null where there is none.
  const rates = new Map();
  // Page times lie on a grid of 0.1 ms: what is that close to a media frame is on it.
  const GRID_S = 0.0001;
  const NO_SOURCE = 3;
  const HIDDEN_EVENTS = ['seeking', 'seeked', 'timeupdate', 'play', 'playing', 'pause', 'ended'];
  let current = 0;

  const sourceOf = (element) => element.currentSrc || element.src;
  const seconds = (text, otherwise) => (Number.isFinite(Number(text ?? NaN)) ? Number(text) : otherwise);

  /** One element: when it started, from where, and what it shows. */
  class Track {
    isPlaying = false;

    hasEnded = false;

    start = 0;

    from = 0;

    shown = null;

    seeking = false;

    pageSeeks = false;

    constructor(element, number) {
      this.element = element;
      this.number = number;
      this.source = sourceOf(element);
      this.isAutomatic = element.autoplay;
      this.preload = element.getAttribute('preload');
    }

    get hasTimes() {
      const {start, end, mediaStart} = this.element.dataset;
      return (start ?? end ?? mediaStart) !== undefined;
    }

    get isDriven() {
      return PLAYS_BY_ITSELF || this.hasTimes || this.isAutomatic;
    }

    /** When it plays, in page seconds, and from which media second; null while it stands. */
    get run() {
      const {start, end, mediaStart} = this.element.dataset;
      if (this.hasTimes) {
        return {start: seconds(start, 0), end: seconds(end, Infinity), from: seconds(mediaStart, 0)};
      }
      return this.isPlaying ? {start: this.start, end: Infinity, from: this.from} : null;
    }

    position(time) {
      const {run, element} = this;
      const {duration, playbackRate, loop} = element;
      let at = this.from;
      if (run) {
        const played = Math.max(Math.min(time, run.end) - run.start, 0);
        at = run.from + played * playbackRate;
      }
      if (!Number.isFinite(duration)) return at;
      return loop && duration > 0 ? at % duration : Math.min(at, duration);
    }

    isOver(time) {
      const {run, element} = this;
      if (!run || element.loop || !Number.isFinite(element.duration)) return false;
      return run.from + (time - run.start) * element.playbackRate >= element.duration;
    }

    /** Go on from here: what came before no longer counts. */
    anchor(time, from = this.position(time)) {
      this.from = from;
      this.start = time;
    }

    tell(...types) {
      for (const type of types) this.element.dispatchEvent(new Event(type));
    }
  }

  const hide = (event) => {
    if (event.isTrusted) event.stopImmediatePropagation();
  };

  const register = (element) => {
    let track = tracks.get(element);
    if (track) return track;
    track = new Track(element, tracks.size);
    tracks.set(element, track);
    element.addEventListener('seeked', () => { track.seeking = false; });
    element.addEventListener('error', () => { track.seeking = false; });
    element.addEventListener('emptied', () => { track.shown = null; });
    if (!PLAYS_BY_ITSELF) {
      if (track.isAutomatic) track.isPlaying = true;
      element.removeAttribute('autoplay');
      return track;
    }
    for (const type of HIDDEN_EVENTS) element.addEventListener(type, hide);
    if (track.isAutomatic) {
      element.removeAttribute('autoplay');
      element.play();
    }
    // Loading takes real time, which must not reach the load event.
    if (!ours.isLoaded) element.preload = 'none';
    return track;
  };

  if (PLAYS_BY_ITSELF) {
    const now = ours.pageTime;
    Object.assign(prototype, {
      play() {
        const track = register(this);
        if (this.getAttribute('preload') === 'none' && ours.isLoaded) this.preload = 'auto';
        if (!track.isPlaying) {
          track.anchor(now(), track.hasEnded ? 0 : track.from);
          Object.assign(track, {isPlaying: true, hasEnded: false});
          queueMicrotask(() => track.tell('play', 'playing'));
        }
        return Promise.resolve();
      },
      pause() {
        const track = register(this);
        if (!track.isPlaying) return;
        track.anchor(now());
        track.isPlaying = false;
        queueMicrotask(() => track.tell('timeupdate', 'pause'));
      },
    });
    const define = (name, descriptor) =>
      Object.defineProperty(prototype, name, {configurable: true, enumerable: true, ...descriptor});
    define('paused', {get() { return register(this).run === null; }});
    define('ended', {get() { return register(this).hasEnded; }});
    define('seeking', {get() { return register(this).pageSeeks; }});
    define('currentTime', {
      get() { return register(this).position(now()); },
      set(value) {
        const track = register(this);
        track.anchor(now(), Math.max(Number(value), 0));
        Object.assign(track, {pageSeeks: true, hasEnded: false});
        queueMicrotask(() => track.tell('seeking'));
      },
    });
    define('playbackRate', {
      get() { return nativeRate.get.call(this); },
      set(value) {
        const track = register(this);
        track.anchor(now());
        nativeRate.set.call(this, value);
      },
    });
  }

  const watch = (root) => {
    const look = (node) => {
      if (node instanceof HTMLMediaElement) register(node);
      else node.querySelectorAll?.('video, audio').forEach(register);
    };
    new MutationObserver((records) => {
      for (const record of records) record.addedNodes.forEach(look);
    }).observe(root, {childList: true, subtree: true});
  };
  watch(document);
  const {attachShadow} = Element.prototype;
  Element.prototype.attachShadow = function attach(options) {
    const root = attachShadow.call(this, options);
    watch(root);
    return root;
  };

  const isVideo = (track) => track.element instanceof HTMLVideoElement;
  const inUse = (track) => track.element.isConnected || track.isPlaying;
  const driven = () => [...tracks.values()].filter((track) => inUse(track) && track.isDriven);
  const hasSource = ({element}) => element.networkState !== NO_SOURCE && !element.error && sourceOf(element);
  const isLoading = (track) =>
    hasSource(track) &&
    track.element.preload !== 'none' &&
    track.element.readyState < (isVideo(track) ? 2 : 1);

  /** The media second whose picture belongs at page second `time`: the middle of its frame. */
  const target = (track, time) => {
    const {duration} = track.element;
    const rate = rates.get(sourceOf(track.element));
    const at = track.position(time);
    if (!rate) return Math.min(at + GRID_S, Math.max(duration - GRID_S, 0));
    const last = Math.ceil(duration * rate - 0.001) - 1;
    const frame = Math.min(Math.floor((at + GRID_S) * rate + 1e-6), Math.max(last, 0));
    return (frame + 0.5) / rate;
  };

  const show = (track, time) => {
    const {element} = track;
    if (element.readyState < 1) return;
    const at = target(track, time);
    if (at === track.shown) return;
    if (!element.seekable.length || element.seekable.end(0) === 0) {
      console.warn(`framefleet: ${sourceOf(element)} cannot be sought: its server needs HTTP Range`);
    }
    track.shown = at;
    track.seeking = true;
    nativeTime.set.call(element, at);
  };

  const follow = (track, time) => {
    const source = sourceOf(track.element);
    if (source !== track.source) {
      if (track.source) track.anchor(time, 0);
      Object.assign(track, {source, shown: null, hasEnded: false});
    }
    if (track.isPlaying && !track.hasTimes) {
      track.tell('timeupdate');
      if (track.isOver(time)) {
        Object.assign(track, {isPlaying: false, hasEnded: true, from: track.element.duration});
        track.tell('pause', 'ended');
      }
    }
  };

  const soundOf = (track, time, length) => {
    const {run, element} = track;
    const {playbackRate: rate, duration, loop, volume} = element;
    if (!run || element.muted || volume === 0 || rate <= 0 || !hasSource(track)) return null;
    if (run.start >= time + length - GRID_S || run.end <= time + GRID_S || track.isOver(time)) return null;
    const at = run.from + (time - run.start) * rate;
    const canLoop = loop && duration > 0;
    return {
      source: sourceOf(element),
      start: run.start,
      from: run.from,
      time: canLoop && at > 0 ? at % duration : at,
      end: Number.isFinite(run.end) ? run.from + (run.end - run.start) * rate : null,
      volume,
      rate,
      loop,
      preservesPitch: element.preservesPitch,
    };
  };

  // A page may take a blob's address back once it has loaded: its sound is yet to be read.
  const {revokeObjectURL} = URL;
  URL.revokeObjectURL = (url) => {
    const plays = ({element}) => sourceOf(element) === url && !element.muted;
    if ([...tracks.values()].some(plays)) ours.readBlob(url);
    revokeObjectURL.call(URL, url);
  };

  ours.media = {
    count: () => tracks.size,
    hasVideo: () => [...tracks.values()].some((track) => isVideo(track) && track.element.isConnected),

    /** Load what was held back; ends the time in which loading is put off. */
    load() {
      if (ours.isLoaded) return;
      ours.isLoaded = true;
      for (const track of tracks.values()) {
        const wanted = track.isPlaying || track.hasTimes || track.preload !== 'none';
        if (PLAYS_BY_ITSELF && wanted) track.element.preload = 'auto';
      }
    },

    know(found) {
      for (const [source, rate] of Object.entries(found)) rates.set(source, rate);
    },

    /** Sources of videos whose rate the driver has yet to measure. */
    unknown: () =>
      driven()
        .filter((track) => isVideo(track) && hasSource(track))
        .map((track) => sourceOf(track.element))
        .filter((source) => !rates.has(source)),

    /** Bring every driven element to page second `time`; `waiting` says when they are there. */
    seek(time) {
      current = time;
      for (const track of driven()) follow(track, time);
    },

    /** How many elements still load or seek. */
    waiting() {
      const all = driven();
      for (const track of all.filter(isVideo)) show(track, current);
      return all.filter((track) => isLoading(track) || track.seeking).length;
    },

    /** Tell the page of the seeks it asked for: their pictures are there. */
    settle() {
      for (const track of tracks.values()) {
        if (track.pageSeeks) {
          track.pageSeeks = false;
          track.tell('timeupdate', 'seeked');
        }
      }
    },

    sounds: (time, length) =>
      driven()
        .map((track) => soundOf(track, time, length))
        .filter(Boolean),
  };
})();
