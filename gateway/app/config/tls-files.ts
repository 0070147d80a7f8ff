/** Keys and certificates that gateway.yaml names as files. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigError } from './config.ts';

interface TlsFiles {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** Undefined when none is named; a file that is not what it should be is a ConfigError with its name. */
export function readTls(named: TlsFiles): { ca?: Buffer; cert?: Buffer; key?: Buffer } | undefined {
  const files = [named.caFile, named.certFile, named.keyFile].filter((file) => file !== undefined);
  if (files.length === 0) return undefined;
  const tls = {
    ...(named.caFile === undefined ? {} : { ca: pem(named.caFile) }),
    ...(named.certFile === undefined ? {} : { cert: pem(named.certFile) }),
    ...(named.keyFile === undefined ? {} : { key: pem(named.keyFile) }),
  };
  try {
    createSecureContext(tls);
  } catch (error) {
    throw new ConfigError([`cannot use ${files.join(', ')} for TLS: ${(error as Error).message}`]);
  }
  return tls;
}

function pem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ConfigError([`cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? error}`]);
  }
}
