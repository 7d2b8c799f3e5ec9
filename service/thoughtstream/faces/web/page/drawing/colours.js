// A colour means a window, and nothing else. The canvas asks the style sheet for its colours.

export const STANDARD_WINDOWS = ['sensory', 'memory', 'emotion', 'reasoning'];
const OTHER_HUES = 6;
const NAMES = ['ink', 'ink-2', 'ink-3', 'line', 'paper', 'sunk', 'edge', 'bad'];

/** The name of a window's colour: always the same for the same window. */
export function hueOf(window) {
  if (STANDARD_WINDOWS.includes(window)) return window;
  let hash = 0x811c9dc5; // FNV-1a: any hash would do that is even and stable
  for (const byte of new TextEncoder().encode(window)) hash = Math.imul(hash ^ byte, 0x01000193);
  return `other-${(hash >>> 0) % OTHER_HUES}`;
}

export const windowClass = window => `w-${hueOf(window)}`;

const OTHERS = Array.from({ length: OTHER_HUES }, (_, i) => `other-${i}`);

export const palette = {};

/** Reads the colours as they are now: a theme was chosen, or the system's has changed. */
export function readPalette() {
  const probe = document.createElement('span');
  probe.hidden = true;
  document.body.append(probe);
  for (const name of [...NAMES, ...STANDARD_WINDOWS, ...OTHERS]) {
    probe.style.color = `var(--${name})`;
    palette[name] = getComputedStyle(probe).color;
  }
  probe.remove();
}
