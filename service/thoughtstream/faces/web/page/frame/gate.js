// Who has no token sees where to get one.

import { byId } from '../drawing/elements.js';
import { signIn } from '../known/api.js';

export class Gate {
  #opened;

  constructor(opened) {
    this.#opened = opened;
    byId('token-form').addEventListener('submit', event => this.#open(event));
  }

  get isClosed() {
    return !byId('locked').hidden;
  }

  close() {
    if (this.isClosed) return;
    byId('locked').hidden = false;
    document.body.classList.add('is-locked');
    byId('token').focus();
  }

  /** What is not answered is null; it may be for want of a token. */
  refused(problem) {
    if (problem.status === 401) this.close();
    return null;
  }

  async #open(event) {
    event.preventDefault();
    const token = byId('token').value.trim().replace(/^.*#token=/, '');
    try {
      await signIn(token);
    } catch (problem) {
      byId('token-problem').textContent = problem.message;
      return;
    }
    byId('token').value = '';
    byId('token-problem').textContent = '';
    byId('locked').hidden = true;
    document.body.classList.remove('is-locked');
    this.#opened();
  }
}
