// One short sentence about what was just done, with a way back where there is one.

import { byId, h } from '../drawing/elements.js';

const SHOWN_MS = 3200;
const WITH_ACTION_MS = 6000;

/** `action`: {name, run} becomes a button. */
export function toast(text, action = null) {
  const box = byId('toast');
  (document.querySelector('dialog[open]') ?? document.body).append(box); // beside a dialog nothing can be pressed
  box.replaceChildren(h('span', text));
  if (action) box.append(h('button', { type: 'button', onclick: () => run(action) }, action.name));
  box.classList.add('on');
  clearTimeout(toast.timer);
  toast.timer = setTimeout(hide, action ? WITH_ACTION_MS : SHOWN_MS);
}

function run(action) {
  hide();
  action.run();
}

function hide() {
  const box = byId('toast');
  box.classList.remove('on');
  if (!box.contains(document.activeElement)) box.replaceChildren();
}

document.addEventListener('close', () => document.body.append(byId('toast')), { capture: true });
