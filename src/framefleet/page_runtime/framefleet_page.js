// The driver's side of window.framefleet: what it offers, seeking it, and whether a frame is whole.
(() => {
  const ours = (window.__framefleet ??= {});
  const HOPS = 3;
  let job = {isDone: true};
  let composition = null;
  let props = {};

  // One channel for all hops: a new one each costs more than the hop.
  const {port1, port2} = new MessageChannel();
  const hopping = [];
  port1.onmessage = () => hopping.shift()();
  const hop = () =>
    new Promise((resolve) => {
      hopping.push(resolve);
      port2.postMessage(0);
    });
  const describe = (error) =>
    error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const start = (work) => {
    const mine = {isDone: false};
    job = mine;
    (async () => work())().then(
      (value) => Object.assign(mine, {isDone: true, value: value ?? null}),
      (error) => Object.assign(mine, {isDone: true, error: describe(error)}),
    );
  };
  // Lets frameworks commit what a seek changed before the frame is drawn (capture.md, P2).
  const settle = async () => {
    for (let i = 0; i < HOPS; i += 1) await hop();
    return job;
  };

  const isPlain = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
  const checked = (value, what) => {
    if (!isPlain(value)) throw new TypeError(`${what} must be an object`);
    return value;
  };
  const resolve = async (entry, inputProps) => {
    const defaultProps = checked(entry.defaultProps ?? {}, `"defaultProps" of "${entry.id}"`);
    const merged = {...defaultProps, ...inputProps};
    const calculate = window.framefleet.calculateMetadata;
    const changes = calculate
      ? await calculate.call(window.framefleet, {composition: {...entry}, props: merged})
      : null;
    const found = {...entry, props: merged, ...checked(changes ?? {}, 'What calculateMetadata returns')};
    const {id, width, height, fps, durationInFrames} = found;
    return {
      id,
      width,
      height,
      fps: typeof fps === 'number' ? String(fps) : fps,
      durationInFrames,
      props: JSON.stringify(checked(found.props, '"props"')),
      defaultProps: JSON.stringify(defaultProps),
    };
  };

  const imagesPending = () =>
    [...document.images].filter((image) => !image.complete && image.loading !== 'lazy');
  const missing = () => [
    ...imagesPending().map((image) => image.currentSrc || image.src),
    ...(document.fonts.status === 'loaded' ? [] : ['a font']),
  ];

  // What was missing when the frame was drawn: by the time its picture is here it may have come.
  let lacked = null;
  const expectFrame = () => {
    lacked = null;
    requestAnimationFrame(() => {
      lacked = missing();
    });
  };

  ours.page = {
    ids: () => window.framefleet.compositions?.map?.((entry) => entry?.id) ?? null,

    resolve(index, inputProps) {
      start(() => resolve(checked(window.framefleet.compositions[index], 'A composition'), inputProps));
      return settle();
    },

    /** How what was started last is doing. */
    job: () => job,

    show(given, givenProps) {
      const entry = window.framefleet.compositions?.find?.(({id}) => id === given.id);
      composition = {...entry, ...given};
      props = givenProps;
    },

    /** Where the page gets there at once, what it declares follows, and `arranged` is told. */
    async seek(frame, {seconds}) {
      const time = frame / composition.fps;
      ours.reseed(frame);
      ours.setTime(time);
      start(async () => void (await window.framefleet.seek(frame, {composition, props, time})));
      await settle();
      const isThere = job.isDone && !('error' in job);
      return isThere ? {...job, arranged: ours.page.arrange(seconds)} : job;
    },

    /** The page is where it wants to be: now what it declares follows. */
    arrange(time) {
      const hasMotion = ours.placeAnimations(time);
      ours.media.seek(time);
      expectFrame();
      return {
        waiting: ours.media.waiting(),
        hasMotion,
        hasMedia: ours.media.count() > 0,
        mayProbe:
          !ours.media.hasVideo() && ![...document.querySelectorAll('iframe')].some((f) => !f.contentDocument),
      };
    },

    /** What a picture taken now would lack. */
    missing,

    /** What the last picture lacks; null if it shows no frame that was drawn since it was expected. */
    lacked: () => lacked,

    expectFrame,
  };
})();
