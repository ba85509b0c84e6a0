// The pictures of `<OffthreadVideo>` straight from our server into their `<img>`.
//
// Remotion fetches a picture, makes a blob of it and shows the blob's address. Each is a copy of up
// to six megabytes between processes. Here the fetch only has the picture prepared, and the empty
// blob it gives stands for the picture's own address. Only where the server is the page's own: from
// elsewhere a picture could not be read back out of a canvas.
(() => {
  const {fetch: nativeFetch} = window;
  const {createObjectURL} = URL;
  const proxy = `${window.location.origin}/proxy?`;
  const addresses = new WeakMap();

  const prepare = async (address, options) => {
    const response = await nativeFetch(`${address}&prepare=true`, options);
    if (response.status !== 200) return response;
    // Whoever wants the bytes themselves gets them.
    const read = async () => nativeFetch(address, options);
    return Object.assign(response, {
      arrayBuffer: async () => (await read()).arrayBuffer(),
      bytes: async () => (await read()).bytes(),
      async blob() {
        const blob = new Blob([], {type: response.headers.get('content-type') ?? ''});
        addresses.set(blob, address);
        return blob;
      },
    });
  };

  window.fetch = function fetch(resource, options) {
    const isOurs = typeof resource === 'string' && resource.startsWith(proxy);
    return isOurs ? prepare(resource, options) : nativeFetch.apply(this, arguments);
  };
  URL.createObjectURL = (object) => addresses.get(object) ?? createObjectURL.call(URL, object);
})();
