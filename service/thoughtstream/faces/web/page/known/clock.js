// The server's clock, as far as it can be known here. All times of thoughts are the server's.

const REMEMBERED_MS = 60_000;

/** What is heard is late by its way here: the least late of a minute tells the difference best. */
export class ServerClock {
  #heard = [];
  #behind = 0;

  hear(nowMs, receivedAt = Date.now()) {
    this.#heard.push({ receivedAt, behind: receivedAt - nowMs });
    this.#heard = this.#heard.filter(one => one.receivedAt > receivedAt - REMEMBERED_MS);
    this.#behind = Math.min(...this.#heard.map(one => one.behind));
  }

  now() {
    return Date.now() - this.#behind;
  }

  /** A moment of this machine's clock as the server would say it. */
  fromLocal(ms) {
    return ms - this.#behind;
  }
}
