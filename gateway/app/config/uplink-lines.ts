/** From an identity folder to the lines of gateway.yaml that use it; PURE. */
import { isAbsolute, join, relative, sep } from 'node:path';
import { stringify } from 'yaml';
import type { Credentials } from '../../../protocol/link/enrolment.ts';
import { IDENTITY_FILES, type Identity } from '../../enrolment/identity-folder.ts';

interface UplinkLines {
  readonly gateway: { readonly id: string };
  readonly identity: { readonly dir: string };
  readonly uplink?: Readonly<Record<string, string>>;
}

/** `configFolder` is where gateway.yaml stands: paths below it are written relative to it. */
export function uplinkLines(
  identity: Identity,
  uplink: Credentials['uplink'],
  dir: string,
  configFolder: string,
): UplinkLines {
  const { facts, token, certificatePem, caPem } = identity;
  const fromConfig = relative(configFolder, dir);
  const folder = fromConfig.startsWith('..') || isAbsolute(fromConfig) ? dir : fromConfig || '.';
  const file = (part: keyof typeof IDENTITY_FILES) =>
    join(folder, 'current', IDENTITY_FILES[part]).split(sep).join('/');
  const url = uplink.mqttUrl ?? uplink.httpsUrl;
  const encrypted = url !== undefined && /^(mqtts|wss|https):/.test(url);
  const mutual = encrypted && certificatePem !== undefined;
  return {
    gateway: { id: facts.gateway },
    identity: { dir: folder },
    ...(url !== undefined && {
      uplink: {
        url,
        ...(token !== undefined && { tokenFile: file('token') }),
        ...(encrypted && caPem !== undefined && { caFile: file('caPem') }),
        ...(mutual && { certFile: file('certificatePem'), keyFile: file('keyPem') }),
      },
    }),
  };
}

export function uplinkYaml(lines: UplinkLines): string {
  const text = stringify(lines);
  return lines.uplink === undefined
    ? `${text}# uplink: { url: "mqtts://<the cloud's broker>:8883", … }\n`
    : text;
}
