/** Access keys: the ones given at start for the account, and temporary ones that devices traded certificates for. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../protocol/ports/clock.ts';
import { ACCOUNT, type Principal } from './principal.ts';

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Epoch ms. */
  readonly expiresAt?: number;
  readonly principal: Principal;
}

/** Temporary keys alive at once. */
const MAX_TEMPORARY_KEYS = 10_000;

export class AccessKeys {
  readonly #clock: Clock;
  readonly #lasting = new Map<string, AccessKey>();
  readonly #temporary = new Map<string, AccessKey>();

  constructor(clock: Clock, lasting: readonly { accessKeyId: string; secretAccessKey: string }[]) {
    this.#clock = clock;
    for (const key of lasting) this.#lasting.set(key.accessKeyId, { ...key, principal: ACCOUNT });
  }

  find(accessKeyId: string): AccessKey | undefined {
    return this.#lasting.get(accessKeyId) ?? this.#temporary.get(accessKeyId);
  }

  /** Undefined when there are too many. */
  issue(principal: Principal, lifetimeMs: number): Required<AccessKey> | undefined {
    this.#forgetExpired();
    if (this.#temporary.size >= MAX_TEMPORARY_KEYS) return undefined;
    const key = {
      accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(96).toString('base64'),
      expiresAt: this.#clock.now() + lifetimeMs,
      principal,
    };
    this.#temporary.set(key.accessKeyId, key);
    return key;
  }

  #forgetExpired(): void {
    for (const [id, { expiresAt }] of this.#temporary) {
      // (A day longer than it lives: who still uses it learns that it expired.)
      if (expiresAt !== undefined && expiresAt + 86_400_000 < this.#clock.now()) this.#temporary.delete(id);
    }
  }
}
