/**
 * `npm run gateway -- enroll …`: gets, renews or completes the identity of this gateway and says what to put into
 * gateway.yaml. Standard output carries what is to be kept (lines of YAML, a request); the rest goes to standard error.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { isGatewayId } from '../../../protocol/link/topics.ts';
import { askCloud } from '../../enrolment/cloud-client.ts';
import {
  type Enrolled,
  type EnrolmentPorts,
  enrolWithCode,
  installCertificate,
  renewIdentity,
  requestForOthers,
} from '../../enrolment/enrol.ts';
import { type Identity, readIdentity } from '../../enrolment/identity-folder.ts';
import { certificateFacts } from '../../enrolment/key-request.ts';
import { ConfigError, readText } from '../config/config.ts';
import { uplinkLines, uplinkYaml } from '../config/uplink-lines.ts';

export interface EnrollOptions {
  readonly config: string;
  readonly dir: string;
  readonly gateway?: string | undefined;
  readonly cloud?: string | undefined;
  readonly code?: string | undefined;
  readonly ca?: string | undefined;
  readonly renew: boolean;
  readonly csrOnly: boolean;
  readonly installCert?: string | undefined;
  readonly insecureHttp: boolean;
}

interface Output {
  readonly out: (text: string) => void;
  readonly note: (text: string) => void;
  readonly now: () => number;
}

export async function enrollCommand(options: EnrollOptions, output: Output): Promise<void> {
  const dir = resolve(options.dir);
  const ports: EnrolmentPorts = { dir, ask: askCloud, now: output.now };
  const { csrOnly, installCert, code, renew } = options;
  const ways = [csrOnly, installCert !== undefined, code !== undefined || (renew && !csrOnly)];
  if (ways.filter(Boolean).length !== 1) {
    throw new ConfigError([
      'expected one of: --cloud URL --code CODE, --renew, --csr-only, --install-cert FILE; see --help',
    ]);
  }
  if (csrOnly) {
    output.out(requestForOthers(dir, gatewayId(options, dir)));
    output.note(`The key is in ${dir}. When the certificate comes: enroll --install-cert FILE [--ca FILE]\n`);
    return;
  }
  const caPem = options.ca === undefined ? undefined : readText(options.ca, 'the CA');
  if (installCert !== undefined) {
    const pem = readText(installCert, 'the certificate');
    const identity = installCertificate(ports, pem, { gateway: gatewayId(options, dir), caPem });
    showEnrolled({ identity, uplink: {}, confirmed: true }, options, output);
    return;
  }
  showEnrolled(await getIdentity(options, ports, caPem), options, output);
}

async function getIdentity(
  options: EnrollOptions,
  ports: EnrolmentPorts,
  caPem: string | undefined,
): Promise<Enrolled> {
  const { cloud, code, insecureHttp } = options;
  if (code === undefined) return await renewIdentity(ports);
  if (cloud === undefined) throw new ConfigError(['expected --cloud with the address that gave the code']);
  return await enrolWithCode(ports, {
    cloud: { url: cloud, caPem, insecureHttp },
    code,
    gateway: options.gateway ?? configuredId(options.config),
    replace: options.renew,
  });
}

function gatewayId(options: EnrollOptions, dir: string): string {
  const id = options.gateway ?? configuredId(options.config) ?? readIdentity(dir)?.facts.gateway;
  if (id === undefined) throw new ConfigError([`expected --gateway ID, or gateway.id in ${options.config}`]);
  if (!isGatewayId(id)) throw new ConfigError(['expected an id of lower-case letters, digits and dashes']);
  return id;
}

/** Only the id: the rest of the file may wait for what is being made here. */
function configuredId(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  let config: unknown;
  try {
    config = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ConfigError([`${file}: ${(error as Error).message}`]);
  }
  const id = (config as { gateway?: { id?: unknown } } | null)?.gateway?.id;
  if (typeof id === 'string' && isGatewayId(id)) return id;
  throw new ConfigError([`${file}: gateway.id: expected lower-case letters, digits and dashes`]);
}

function showEnrolled(
  { identity, uplink, confirmed }: Enrolled,
  options: EnrollOptions,
  output: Output,
): void {
  const { gateway } = identity.facts;
  const configFile = resolve(options.config);
  const lines = uplinkLines(identity, uplink, resolve(options.dir), dirname(configFile));
  const yaml = uplinkYaml(lines);
  output.note(`${gateway} has its identity in ${resolve(options.dir)}${validity(identity)}.\n`);
  if (!confirmed) {
    output.note(
      'The cloud could not be asked again just now; it sees the new token when the uplink connects.\n',
    );
  }
  if (existsSync(configFile)) {
    if (options.renew) output.note('A running gateway uses it when it next connects.\n');
    else output.note(`In ${basename(configFile)}:\n\n`);
    if (!options.renew) output.out(yaml);
    return;
  }
  writeFileSync(
    configFile,
    `# Made by enroll. Add devices and read points as in gateway.example.yaml.\n${yaml}`,
    { flag: 'wx' },
  );
  output.note(`Wrote ${configFile}: add devices and read points, then npm run gateway\n`);
}

function validity({ certificatePem }: Identity): string {
  const facts = certificatePem === undefined ? undefined : certificateFacts(certificatePem);
  return facts === undefined ? '' : `, with a certificate until ${new Date(facts.notAfter).toISOString()}`;
}
