// The globals a Remotion page expects from its renderer, before its own scripts run.
((values) => {
  window.process ??= {};
  window.process.env ??= {};
  window.process.env.NODE_ENV = 'production';
  Object.assign(window, values);
  window.remotion_broadcastChannel = new BroadcastChannel('remotion-video-frame-extraction');
  for (const name of ['alert', 'confirm']) {
    window[name] = (message) => {
      const said = message === undefined ? '' : JSON.stringify(String(message));
      const text = `${name}(${said}) was called. It cannot be called in a headless browser.`;
      window.remotion_cancelledError = new Error(text).stack;
      return false;
    };
  }
})(VALUES);
