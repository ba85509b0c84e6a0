// The window that holds a page is a stub of a few pixels. Whoever asks sees one as large as the page.
for (const edge of ['Width', 'Height']) {
  Object.defineProperty(window, `outer${edge}`, {
    configurable: true,
    enumerable: true,
    get() {
      try {
        return window.top[`inner${edge}`];
      } catch {
        return window[`inner${edge}`];
      }
    },
  });
}
