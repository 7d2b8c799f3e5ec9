// What this browser remembers of its user: the theme, the mind watched last.

export function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // a browser that keeps nothing is asked each time
  }
}

export function recalled(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}
