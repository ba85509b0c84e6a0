// `Date` on a clock of ours. Runs in documents and, as text, in workers.
(() => {
  const ours = (globalThis.__framefleet ??= {});
  const NativeDate = Date;

  /** Let `Date` tell `now()`, in whole milliseconds; gives back the native `Date`. */
  ours.replaceDate = (now) => {
    function VirtualDate(...args) {
      if (!new.target) return new NativeDate(now()).toString();
      return Reflect.construct(NativeDate, args.length ? args : [now()], new.target);
    }
    Object.setPrototypeOf(VirtualDate, NativeDate);
    Object.defineProperty(VirtualDate, 'name', {value: 'Date'});
    Object.defineProperty(VirtualDate, 'length', {value: 7});
    VirtualDate.prototype = NativeDate.prototype;
    VirtualDate.prototype.constructor = VirtualDate;
    VirtualDate.now = now;
    globalThis.Date = VirtualDate;
    return NativeDate;
  };
})();
