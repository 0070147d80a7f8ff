/**
 * The `enrolment` section of cloud.yaml: what gateways are given besides their token, and where they are to
 * deliver. Everything is optional: without it gateways get tokens.
 */
import { X509Certificate } from 'node:crypto';
import * as z from 'zod';
import { ENROLMENTS_PER_MINUTE, type IdentityProvision } from '../api/routes/enrolment.ts';
import { DeviceCaError, openDeviceCa } from '../enrolment/device-ca.ts';
import { ConfigError, readText } from './config-error.ts';

const LONGEST_CERTIFICATE_DAYS = 3650;

export const enrolmentSchema = z
  .strictObject({
    /** The CA that signs gateways' certificates; an intermediate of a company's CA does. */
    caCertFile: z.string().optional(),
    caKeyFile: z.string().optional(),
    certificateDays: z.int().positive().max(LONGEST_CERTIFICATE_DAYS).default(90),
    /** Whom gateways should believe to be the broker and the cloud, where that is no public CA. */
    serverCaFile: z.string().optional(),
    /** Of one address; more where many gateways enrol from behind one. */
    triesPerMinute: z.int().positive().max(1000).default(ENROLMENTS_PER_MINUTE),
    /** Where gateways deliver: given to them when they enrol. */
    mqttUrl: z
      .string()
      .regex(/^(mqtts?|wss?|tcp):\/\/[^/]/, 'expected an MQTT address such as mqtts://broker:8883')
      .optional(),
    httpsUrl: z
      .string()
      .regex(/^https?:\/\/[^/]/, 'expected an address such as https://cloud.example')
      .optional(),
  })
  .refine(
    ({ caCertFile, caKeyFile }) => (caCertFile === undefined) === (caKeyFile === undefined),
    'expected caCertFile and caKeyFile together: a CA signs with its key',
  );
type EnrolmentConfig = z.infer<typeof enrolmentSchema>;

/** Opens the CA and reads what is handed out; a file that will not do is a ConfigError that names it. */
export async function openIdentityProvision(
  config: EnrolmentConfig,
  now: number,
): Promise<IdentityProvision> {
  const { caCertFile, caKeyFile, serverCaFile, certificateDays, mqttUrl, httpsUrl } = config;
  const deviceCa =
    caCertFile === undefined || caKeyFile === undefined
      ? undefined
      : await openDeviceCa({
          certPem: readText(caCertFile, 'the CA certificate', 'enrolment.caCertFile names it'),
          keyPem: readText(caKeyFile, 'the CA key', 'enrolment.caKeyFile names it'),
          certificateDays,
          now,
        }).catch((error: unknown) => {
          if (!(error instanceof DeviceCaError)) throw error;
          throw new ConfigError([`enrolment (${caCertFile}, ${caKeyFile}): ${error.message}`]);
        });
  return {
    deviceCa,
    serverCaPem: serverCaFile === undefined ? undefined : readCertificates(serverCaFile),
    triesPerMinute: config.triesPerMinute,
    uplink: { mqttUrl, httpsUrl },
  };
}

function readCertificates(file: string): string {
  const pem = readText(file, 'the CA of the servers', 'enrolment.serverCaFile names it');
  try {
    new X509Certificate(pem);
    return pem;
  } catch {
    throw new ConfigError([`${file}: expected certificates as PEM: enrolment.serverCaFile names it`]);
  }
}
