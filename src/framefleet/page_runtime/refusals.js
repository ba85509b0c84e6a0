// What no clock of ours can hold still: each kind is refused as a browser would, and warned of once.
(() => {
  const warned = new Set();
  const warn = (kind, text) => {
    if (warned.has(kind)) return;
    warned.add(kind);
    console.warn(`framefleet: ${kind}: ${text}`);
  };

  // A connection that fails at once, so that pages take the path they have for being offline.
  const refuseConnection = (name, closed) => {
    window[name] = class extends EventTarget {
      readyState = closed;

      constructor(url) {
        super();
        this.url = String(url);
        warn(name, 'input in real time is refused; the connection fails');
        queueMicrotask(() => ['error', 'close'].forEach((type) => this.#fire(type)));
      }

      #fire(type) {
        const event = new Event(type);
        this[`on${type}`]?.call(this, event);
        this.dispatchEvent(event);
      }

      send() {}

      close() {}
    };
    Object.assign(window[name], {CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: closed});
  };
  refuseConnection('WebSocket', 3);
  refuseConnection('EventSource', 2);

  const refuseDevice = async (kind) => {
    warn(kind, 'devices are refused');
    throw new DOMException('Permission denied', 'NotAllowedError');
  };
  if (window.MediaDevices) {
    MediaDevices.prototype.getUserMedia = () => refuseDevice('getUserMedia');
    MediaDevices.prototype.getDisplayMedia = () => refuseDevice('getDisplayMedia');
  }
  if (window.Geolocation) {
    const deny = (_, failed) => {
      warn('geolocation', 'devices are refused');
      queueMicrotask(() => failed?.({code: 1, message: 'Permission denied'}));
    };
    Geolocation.prototype.getCurrentPosition = deny;
    Geolocation.prototype.watchPosition = deny;
  }
  Navigator.prototype.getGamepads = () => [];
  if (window.ServiceWorkerContainer) {
    ServiceWorkerContainer.prototype.register = () => new Promise(() => {});
  }

  // Absent, pages that look before they use them do without.
  for (const name of ['SharedWorker', 'RTCPeerConnection', 'WebTransport', 'MediaSource']) {
    if (!(name in window)) continue;
    Object.defineProperty(window, name, {
      configurable: true,
      get: () => void warn(name, 'refused, because it follows real time'),
      set(value) {
        Object.defineProperty(window, name, {value, writable: true, configurable: true});
      },
    });
  }

  for (const name of ['AudioContext', 'webkitAudioContext']) {
    if (!window[name]) continue;
    window[name] = class extends window[name] {
      constructor(...args) {
        warn('AudioContext', 'its sound is not recorded, and pictures that follow it vary');
        super(...args);
      }
    };
  }
  const {transferControlToOffscreen} = HTMLCanvasElement.prototype;
  HTMLCanvasElement.prototype.transferControlToOffscreen = function transfer() {
    warn('OffscreenCanvas', 'frames drawn in a worker follow real time');
    return transferControlToOffscreen.call(this);
  };
})();
