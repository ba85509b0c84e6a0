// Declared animations of a framefleet page, put to the time of the frame.
//
// An animation begins with the composition, or at the data-start of the element it is in: when the
// element came to be depends on which frames were sought before, so that cannot count.
(() => {
  const ours = window.__framefleet;
  const placed = new Set();
  const roots = new Set([document]);
  const {attachShadow} = Element.prototype;
  Element.prototype.attachShadow = function attach(options) {
    const root = attachShadow.call(this, options);
    roots.add(root);
    return root;
  };

  const gather = () => {
    for (const root of roots) {
      for (const animation of root.getAnimations()) {
        // One that is paused already is the page's own to move.
        const isOurs = animation.playState !== 'paused' && animation.timeline === document.timeline;
        if (isOurs) placed.add(animation);
      }
    }
  };
  const begin = (animation) => Number(animation.effect?.target?.closest('[data-start]')?.dataset.start) || 0;

  /**
   * Put every animation to page second `time`; a transition to its end, whatever led to it.
   * Returns whether there was any.
   */
  ours.placeAnimations = (time) => {
    gather();
    const hasMotion = placed.size > 0;
    for (const animation of placed) {
      if (animation instanceof CSSTransition) {
        animation.finish();
        placed.delete(animation);
      } else if (animation.playState === 'idle') {
        placed.delete(animation);
      } else {
        animation.pause();
        animation.currentTime = (time - begin(animation)) * 1000;
      }
    }
    for (const svg of document.querySelectorAll('svg')) {
      if (svg.ownerSVGElement) continue;
      svg.pauseAnimations();
      svg.setCurrentTime(time);
    }
    return hasMotion;
  };
})();
