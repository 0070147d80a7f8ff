/**
 * The stand-in's certificate authority: made at each start, signs the server certificate and those of devices
 * (ECDSA P-256). It also signs a request that a device made for itself, so that the key never leaves the device.
 */
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

/** PEM texts. */
export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** PEM. */
  readonly ca: string;
  issueServer(hosts: readonly string[]): Promise<IssuedCertificate>;
  /** Common name = thing name. */
  issueDevice(thing: string): Promise<IssuedCertificate>;
  /** Signs a PKCS #10 request (PEM) for the thing, whatever subject it asks for. */
  sign(request: string, thing: string): Promise<string>;
}

/** `now` is epoch ms: certificates are valid from a day before for ten years. */
export async function createAuthority(now: number): Promise<Authority> {
  const keys = await generateKeys();
  const validity = { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + 3650 * DAY_MS) };
  let serial = 1;
  const nextSerial = () => (serial++).toString(16).padStart(16, '0');
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: nextSerial(),
    name: 'CN=aws-iot stand-in CA',
    ...validity,
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  const issue = (subject: string, publicKey: CryptoKey | x509.PublicKey, extensions: x509.Extension[]) =>
    x509.X509CertificateGenerator.create({
      serialNumber: nextSerial(),
      subject,
      issuer: root.subject,
      ...validity,
      signingAlgorithm: ALGORITHM,
      publicKey,
      signingKey: keys.privateKey,
      extensions: [new x509.BasicConstraintsExtension(false, undefined, true), ...extensions],
    });
  const usage = (oid: string) => new x509.ExtendedKeyUsageExtension([oid]);
  const subject = (name: string) => new x509.Name([{ CN: [name] }]).toString();
  return {
    ca: root.toString('pem'),
    async issueServer(hosts) {
      const own = await generateKeys();
      const names = hosts.map((value): { type: 'dns' | 'ip'; value: string } => ({
        type: /^[\d.]+$|:/.test(value) ? 'ip' : 'dns',
        value,
      }));
      const cert = await issue(subject(hosts[0] ?? 'localhost'), own.publicKey, [
        usage(x509.ExtendedKeyUsage.serverAuth),
        new x509.SubjectAlternativeNameExtension(names),
      ]);
      return { cert: cert.toString('pem'), key: await pemOf(own.privateKey) };
    },
    async issueDevice(thing) {
      const own = await generateKeys();
      const cert = await issue(subject(thing), own.publicKey, [usage(x509.ExtendedKeyUsage.clientAuth)]);
      return { cert: cert.toString('pem'), key: await pemOf(own.privateKey) };
    },
    async sign(request, thing) {
      const csr = new x509.Pkcs10CertificateRequest(request);
      if (!(await csr.verify())) throw new Error('the certificate request is not signed by its own key');
      const cert = await issue(subject(thing), csr.publicKey, [usage(x509.ExtendedKeyUsage.clientAuth)]);
      return cert.toString('pem');
    },
  };
}

function generateKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<CryptoKeyPair>;
}

async function pemOf(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key)).toString('base64');
  const lines = der.match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}
