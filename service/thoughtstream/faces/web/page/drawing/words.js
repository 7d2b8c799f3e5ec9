// Numbers and times in words.

export const count = number => Number(number ?? 0).toLocaleString('en');

export const counted = (number, noun) => `${count(number)} ${noun}${number === 1 ? '' : 's'}`;

/** That events are missing: so many, or nobody can say (null). */
export const missing = number =>
  number === null ? 'some events are missing' : `${counted(number, 'event')} ${number === 1 ? 'is' : 'are'} missing`;

/** A score is cut, never rounded: what was forgotten under 0.30 never shows 0.30. */
export const score = value => (Math.floor(Number(value ?? 0) * 100 + 1e-9) / 100).toFixed(2);

/** How long something took or is ago, from milliseconds. */
export function span(ms) {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${count(Math.floor(seconds / 86400))} days`;
}

export const age = ms => (ms < 2000 ? 'now' : span(ms));

export const ago = ms => (ms < 2000 ? 'now' : `${span(ms)} ago`);

export const clockTime = ms => new Date(ms).toLocaleTimeString('en-GB');

export const dayAndTime = ms =>
  new Date(ms).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

export function bytes(number) {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let value = Number(number ?? 0);
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export const rate = perSecond => `${perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s`;
