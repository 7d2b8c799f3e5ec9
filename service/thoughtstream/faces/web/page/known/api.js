// The service's HTTP API, as the page uses it.

const CONTROL = /[\x00-\x1f\x7f]/;
const LIMIT_MS = 10_000;

/** An answer that is none: `status` (0: nobody answered), `kind` (of problem+json), words. */
export class Problem extends Error {
  constructor(status, body = {}) {
    super(body.detail || body.title || (status ? `It answered ${status}.` : 'Nobody answers.'));
    this.status = status;
    this.kind = String(body.type ?? '').split('/').pop();
    this.body = body;
  }
}

/** A name as one segment of a path. Servers and browsers read some names otherwise: those go as
 * `=` and the base64url of their UTF-8. */
export function segment(name) {
  const text = String(name);
  if (text && !text.includes('/') && !CONTROL.test(text) && !/^[=.]/.test(text) && isWhole(text))
    return encodeURIComponent(text);
  const binary = String.fromCharCode(...new TextEncoder().encode(text));
  return `=${btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}

const isWhole = text => (text.isWellFormed ? text.isWellFormed() : true);

export const mindPath = (name, ...rest) => ['/v1/minds', segment(name), ...rest].join('/');

/** `/path?name=value…` without the values that are not given. */
export function withQuery(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

/** What is answered, parsed; null: nothing. Every change says that it is from a page of ours. */
export async function request(method, path, { body, signal } = {}) {
  const headers = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-Thoughtstream'] = '1';
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const limit = AbortSignal.timeout(LIMIT_MS);
  let response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0);
  }
  return answerOf(response);
}

export async function answerOf(response) {
  const text = await response.text();
  let parsed = null;
  try {
    parsed = text ? JSON.parse(text) : null;
  } catch {
    parsed = { detail: text.slice(0, 200) };
  }
  if (!response.ok) throw new Problem(response.status, parsed ?? {});
  return parsed;
}

export const get = (path, options) => request('GET', path, options);
export const post = (path, body = {}) => request('POST', path, { body });
export const patch = (path, body) => request('PATCH', path, { body });
export const remove = path => request('DELETE', path);

/** The token in the address (`#token=…`) becomes a cookie, and leaves the address at once. */
export async function openSession() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!token) return;
  history.replaceState(null, '', location.pathname + location.search);
  await signIn(token);
}

export const signIn = token => post('/v1/session', { token });
