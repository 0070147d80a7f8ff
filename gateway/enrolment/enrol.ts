/**
 * The life of this gateway's identity: got with a one-time code, renewed with what it has, or completed with a
 * certificate of somebody else's authority. Whatever comes back is checked against our key and our name before it
 * replaces anything. What it replaces stays valid until the cloud has seen the new token, so that a cut between the
 * cloud's answer and our folder shuts nobody out.
 */
import { type Credentials, credentialsSchema, normalizeCode } from '../../protocol/link/enrolment.ts';
import { isGatewayId } from '../../protocol/link/topics.ts';
import type { AskCloud, CloudAddress } from './cloud-client.ts';
import { EnrolmentError } from './enrolment-error.ts';
import {
  dropPendingKey,
  type Identity,
  installIdentity,
  type OnStep,
  readIdentity,
  readPendingKey,
  writePendingKey,
} from './identity-folder.ts';
import { belongsTogether, certificateFacts, makeKey, makeRequest } from './key-request.ts';

export interface EnrolmentPorts {
  readonly dir: string;
  readonly ask: AskCloud;
  readonly now: () => number;
  readonly onStep?: OnStep;
}

export interface Enrolled {
  readonly identity: Identity;
  readonly uplink: Credentials['uplink'];
  /** Whether the cloud has seen the new token: by then whatever was before has ended. */
  readonly confirmed: boolean;
}

/** A code for an identity; `gateway` is who we take ourselves for, when we know. */
export async function enrolWithCode(
  ports: EnrolmentPorts,
  asked: {
    readonly cloud: CloudAddress;
    readonly code: string;
    readonly gateway?: string | undefined;
    /** Replaces an identity that is there. */
    readonly replace: boolean;
  },
): Promise<Enrolled> {
  const code = normalizeCode(asked.code);
  if (code === undefined) {
    throw new EnrolmentError(
      'this is no code: a character is wrong or missing; check what the cloud printed',
    );
  }
  if (!asked.replace && readIdentity(ports.dir) !== undefined) {
    throw new EnrolmentError(
      `${ports.dir} holds an identity: say --renew to replace it, or name another --dir`,
    );
  }
  const keyPem = makeKey();
  const { cloud, gateway } = asked;
  const body = {
    code,
    ...(gateway !== undefined && { gateway }),
    csrPem: makeRequest(keyPem, gateway ?? 'gateway'),
  };
  const answer = await ports.ask(cloud, { method: 'POST', path: '/link/v1/enroll', body });
  ports.onStep?.('answered');
  return await putInForce(ports, cloud, readCredentials(answer, gateway), keyPem, undefined);
}

/** New token, and where the cloud signs, new key and certificate, for the ones in force. */
export async function renewIdentity(ports: EnrolmentPorts): Promise<Enrolled> {
  const { dir } = ports;
  const current = readIdentity(dir);
  if (current === undefined) {
    throw new EnrolmentError(`${dir} holds no identity to renew: enrol with --cloud and --code`);
  }
  const { gateway, cloudUrl, insecureHttp } = current.facts;
  if (cloudUrl === undefined || current.token === undefined) {
    throw new EnrolmentError(
      `the identity in ${dir} is not of a Tallyport cloud: renew it where it came from`,
    );
  }
  const cloud = { url: cloudUrl, caPem: current.cloudCaPem, insecureHttp };
  const keyPem = makeKey();
  const answer = await ports.ask(cloud, {
    method: 'POST',
    path: '/link/v1/renew',
    body: { csrPem: makeRequest(keyPem, gateway) },
    token: current.token,
  });
  ports.onStep?.('answered');
  return await putInForce(ports, cloud, readCredentials(answer, gateway), keyPem, current);
}

/** A request for an authority that is not ours, PEM. Asked again before the answer: the same key. */
export function requestForOthers(dir: string, gateway: string): string {
  const keyPem = readPendingKey(dir) ?? makeKey();
  writePendingKey(dir, keyPem);
  return makeRequest(keyPem, gateway);
}

/** The certificate that came for that request, put beside its key. */
export function installCertificate(
  ports: Pick<EnrolmentPorts, 'dir' | 'now' | 'onStep'>,
  certificatePem: string,
  given: { readonly gateway: string; readonly caPem?: string | undefined },
): Identity {
  const { dir } = ports;
  const facts = certificateFacts(certificatePem);
  if (facts === undefined) throw new EnrolmentError('the file holds no certificate in PEM');
  const current = readIdentity(dir);
  const keys = [readPendingKey(dir), current?.keyPem].filter((key) => key !== undefined);
  if (keys.length === 0)
    throw new EnrolmentError(`${dir} holds no key: make a request with --csr-only first`);
  const keyPem = keys.find((key) => belongsTogether(certificatePem, key));
  if (keyPem === undefined) {
    throw new EnrolmentError(
      `the certificate (${facts.subject}) is not of the key in ${dir}: install the one that was made from its request`,
    );
  }
  const identity: Identity = {
    ...current,
    facts: { v: 1, gateway: given.gateway, ...current?.facts, installedAt: ports.now() },
    keyPem,
    certificatePem,
    caPem: given.caPem ?? current?.caPem,
  };
  installIdentity(dir, identity, ports.now(), ports.onStep);
  dropPendingKey(dir);
  return identity;
}

function readCredentials(answer: unknown, expected: string | undefined): Credentials {
  const parsed = credentialsSchema.safeParse(answer);
  if (!parsed.success) {
    throw new EnrolmentError(
      'the answer is not one of a Tallyport cloud: check --cloud and what stands before it',
    );
  }
  const { gateway } = parsed.data;
  if (!isGatewayId(gateway) || (expected !== undefined && gateway !== expected)) {
    throw new EnrolmentError(`the cloud gave an identity for ${gateway.slice(0, 64)}, not for ${expected}`);
  }
  return parsed.data;
}

async function putInForce(
  ports: EnrolmentPorts,
  cloud: CloudAddress,
  credentials: Credentials,
  newKeyPem: string,
  before: Identity | undefined,
): Promise<Enrolled> {
  const { gateway, token, certificatePem, caPem, uplink } = credentials;
  if (certificatePem !== undefined) checkCertificate(certificatePem, newKeyPem, gateway);
  const identity: Identity = {
    facts: {
      v: 1,
      gateway,
      cloudUrl: cloud.url,
      ...(cloud.insecureHttp === true && { insecureHttp: true }),
      installedAt: ports.now(),
    },
    token,
    // A cloud that signs nothing leaves a certificate of somebody else's in force.
    ...(certificatePem === undefined
      ? { keyPem: before?.keyPem, certificatePem: before?.certificatePem }
      : { keyPem: newKeyPem, certificatePem }),
    caPem: caPem ?? before?.caPem,
    cloudCaPem: cloud.caPem,
  };
  installIdentity(ports.dir, identity, ports.now(), ports.onStep);
  return { identity, uplink, confirmed: await confirm(ports, cloud, token) };
}

function checkCertificate(certificatePem: string, keyPem: string, gateway: string): void {
  const facts = certificateFacts(certificatePem);
  if (facts === undefined || !belongsTogether(certificatePem, keyPem) || facts.commonName !== gateway) {
    throw new EnrolmentError(
      'the cloud gave a certificate that is not of our key and name: nothing was changed',
    );
  }
}

/** The first use of the new token. A cloud that cannot be reached now sees it when the uplink next connects. */
async function confirm(ports: EnrolmentPorts, cloud: CloudAddress, token: string): Promise<boolean> {
  try {
    await ports.ask(cloud, { method: 'GET', path: '/link/v1/identity', token });
    ports.onStep?.('confirmed');
    return true;
  } catch (error) {
    if (error instanceof EnrolmentError && error.passing) return false;
    throw error;
  }
}
