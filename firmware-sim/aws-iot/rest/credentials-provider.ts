/**
 * The credentials provider: a device that proves itself with its certificate gets temporary access keys under a role
 * alias (AWS IoT developer guide, "Authorizing direct calls to AWS services"). They may do what the role says for
 * that thing, until they expire.
 */

import { type AwsAnswer, json, type RestRequest } from '../http/http.ts';
import type { AccessKeys } from '../identity/access-keys.ts';
import type { Policy } from '../identity/policy.ts';
import type { Principal } from '../identity/principal.ts';
import { forbidden, invalidRequest, notFound } from '../service/aws-error.ts';

interface RoleAlias {
  readonly policy: Policy;
  /** AWS: 900 to 43,200, by default 3600. */
  readonly lifetimeSeconds: number;
}

export class CredentialsProvider {
  readonly #aliases: ReadonlyMap<string, RoleAlias>;
  readonly #keys: AccessKeys;

  constructor(aliases: ReadonlyMap<string, RoleAlias>, keys: AccessKeys) {
    this.#aliases = aliases;
    this.#keys = keys;
  }

  /** `GET /role-aliases/<alias>/credentials`. */
  handle({ method, parts, headers }: RestRequest, device: Principal | undefined): AwsAnswer {
    const [, alias = '', last, ...rest] = parts;
    if (method !== 'GET' || last !== 'credentials' || rest.length > 0) throw notFound('no such path');
    if (device?.kind !== 'device') throw forbidden('a client certificate that is known is needed here');
    const role = this.#aliases.get(decodeURIComponent(alias));
    if (role === undefined) throw notFound(`no role alias ${alias}`);
    const stated = headers['x-amzn-iot-thingname'];
    if (stated !== undefined && stated !== device.thing) {
      throw invalidRequest('x-amzn-iot-thingname is not the thing of the certificate');
    }
    const key = this.#keys.issue(
      { kind: 'device', thing: device.thing, policy: role.policy },
      role.lifetimeSeconds * 1000,
    );
    if (key === undefined) throw invalidRequest('too many temporary keys are alive');
    const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = key;
    const expiration = new Date(expiresAt).toISOString();
    return json({ credentials: { accessKeyId, secretAccessKey, sessionToken, expiration } });
  }
}
