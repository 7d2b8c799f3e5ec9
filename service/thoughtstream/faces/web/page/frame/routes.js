// Views and their addresses: #mind/<name>, #minds, #redis, #agents.

export const VIEWS = ['mind', 'minds', 'redis', 'agents'];

export const mindAddress = name => `#mind/${encodeURIComponent(wellFormed(name))}`;

const wellFormed = text => (text.toWellFormed ? text.toWellFormed() : text);

/** {view, mind} of this address; a mind only where one is named. */
export function routeOf(hash) {
  const [view, ...rest] = hash.slice(1).split('/');
  const mind = decoded(rest.join('/'));
  return VIEWS.includes(view) ? { view, mind: view === 'mind' ? mind : '' } : { view: 'mind', mind: '' };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
