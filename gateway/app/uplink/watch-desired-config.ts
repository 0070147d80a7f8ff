/** Wires the wished-for configuration: where the AWS uplink has an HTTPS section, else nobody can wish for one. */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import { awsConfigShadow } from '../../uplink/aws/aws-config-shadow.ts';
import { type DesiredConfigStatus, DesiredConfigWatch } from '../../uplink/desired-config.ts';
import { type GatewayConfig, gatewayProblems } from '../config/config.ts';
import { awsAccess } from './uplink-from-config.ts';

const DESIRED_CONFIG_FILE = 'desired-config.yaml';

interface DesiredConfigWatchParts {
  readonly config: GatewayConfig;
  /** The file that runs; without it nothing is ever reported as applied. */
  readonly configFile: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

interface RunningDesiredConfig {
  status(): DesiredConfigStatus;
  stop(): void;
}

/** Undefined when the uplink has no HTTPS way to AWS. */
export function watchDesiredConfig(parts: DesiredConfigWatchParts): RunningDesiredConfig | undefined {
  const { config, configFile, clock, random, log } = parts;
  const access = config.uplink?.aws && awsAccess(config.uplink.aws, config.gateway.id, clock);
  if (access === undefined) return undefined;
  const { id } = config.gateway;
  const shadow = awsConfigShadow({ gateway: id, ...access });
  const watch = new DesiredConfigWatch({
    clock,
    random,
    read: () => shadow.read(),
    write: (document) => shadow.write(document),
    running:
      configFile === undefined
        ? undefined
        : createHash('sha256').update(readFileSync(configFile, 'utf8')).digest('hex'),
    problemsOf: (text) => gatewayProblems(text, id),
    keep: (text) => keepDurably(join(config.dataDir, DESIRED_CONFIG_FILE), text),
    onNews: ({ revision, outcome, detail }) =>
      log.warn({ event: `config.${outcome}`, revision }, `a configuration from the cloud: ${detail}`),
  });
  watch.start();
  return {
    status: () => watch.status(),
    stop() {
      watch.stop();
      shadow.close();
    },
  };
}

/** Whole or not at all, also through a power cut. */
function keepDurably(file: string, text: string): string {
  const draft = `${file}.new`;
  writeFileSync(draft, text, { mode: 0o600 });
  const handle = openSync(draft, 'r+');
  fsyncSync(handle);
  closeSync(handle);
  renameSync(draft, file);
  return file;
}
