/** Device certificates and the things they stand for: those of our CA by their common name, others when registered. */
import type { X509Certificate } from 'node:crypto';
import type { Policy } from './policy.ts';
import type { Principal } from './principal.ts';

export class Certificates {
  readonly #policy: Policy;
  readonly #things = new Map<string, string>();
  readonly #revoked = new Set<string>();

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  deviceOf(certificate: X509Certificate, trusted: boolean): Principal | undefined {
    const { fingerprint256 } = certificate;
    if (this.#revoked.has(fingerprint256)) return undefined;
    const thing = this.#things.get(fingerprint256) ?? (trusted ? commonName(certificate) : undefined);
    return thing === undefined ? undefined : { kind: 'device', thing, policy: this.#policy };
  }

  register(certificate: X509Certificate, thing: string): void {
    this.#revoked.delete(certificate.fingerprint256);
    this.#things.set(certificate.fingerprint256, thing);
  }

  revoke(certificate: X509Certificate): string {
    this.#revoked.add(certificate.fingerprint256);
    return this.#things.get(certificate.fingerprint256) ?? commonName(certificate) ?? '';
  }
}

function commonName({ subject }: X509Certificate): string | undefined {
  return /^CN=(.+)$/m.exec(subject)?.[1];
}
