// Elements of the page. They only ever get text, never markup.

const PROPERTIES = new Set(['disabled', 'hidden', 'value', 'tabIndex', 'open', 'checked', 'type']);

/** `h('li.row', {title}, child…)`: an element with classes, attributes, listeners (`onclick`) and
 * children; null and false are left out. */
export function h(what, ...rest) {
  const [tag, ...classes] = what.split('.');
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(' ');
  for (const part of rest.flat()) {
    if (part === null || part === undefined || part === false) continue;
    if (part instanceof Node || typeof part !== 'object') element.append(part);
    else give(element, part);
  }
  return element;
}

function give(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else element.setAttribute(name, value);
  }
}

export function svg(tag, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const byId = id => document.getElementById(id);

/** What a mind says: in its own direction, whatever signs it has, and never longer than is shown. */
export function says(content, most = 400, ...children) {
  const text = shortened(content, most);
  return h('span.says', { dir: 'auto', title: text }, ...(children.length ? children : [text]));
}

export function shortened(content, most) {
  const text = String(content ?? '');
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** Puts text where it is not yet: what does not change is not touched. */
export function tell(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Whether the pointer or the keyboard is in it: then nothing in it is replaced. */
export const isInUse = element => element.matches(':hover, :focus-within');
