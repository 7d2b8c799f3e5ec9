// Light or dark: as the system says, unless somebody chose.

import { readPalette } from '../drawing/colours.js';
import { recalled, remember } from './remembered.js';

const systemIsDark = matchMedia('(prefers-color-scheme: dark)');
const { dataset } = document.documentElement;

export function startTheme() {
  const chosen = recalled('theme');
  if (chosen === 'light' || chosen === 'dark') dataset.theme = chosen;
  systemIsDark.addEventListener('change', readPalette);
  readPalette();
}

export function otherTheme() {
  const now = dataset.theme ?? (systemIsDark.matches ? 'dark' : 'light');
  dataset.theme = now === 'dark' ? 'light' : 'dark';
  remember('theme', dataset.theme);
  readPalette();
}
