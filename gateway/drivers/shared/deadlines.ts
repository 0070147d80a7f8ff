/**
 * Named deadlines in the driver's time. When that time is set back, they move along, so that a wall clock put
 * right by years does not leave a request waiting for years; set forward, they fall due at once.
 */
export class Deadlines<Name extends string> {
  readonly #at = new Map<Name, number>();
  #latest = Number.NEGATIVE_INFINITY;

  /** To be called with every new time. */
  notice(now: number): void {
    if (now < this.#latest) {
      const step = now - this.#latest;
      for (const [name, at] of this.#at) this.#at.set(name, at + step);
    }
    this.#latest = now;
  }

  set(name: Name, at: number): void {
    this.#at.set(name, at);
  }

  clear(name: Name): void {
    this.#at.delete(name);
  }

  clearAll(): void {
    this.#at.clear();
  }

  at(name: Name): number | undefined {
    return this.#at.get(name);
  }

  isDue(name: Name, now: number): boolean {
    const at = this.#at.get(name);
    return at !== undefined && now >= at;
  }

  next(): number | undefined {
    return this.#at.size === 0 ? undefined : Math.min(...this.#at.values());
  }
}
