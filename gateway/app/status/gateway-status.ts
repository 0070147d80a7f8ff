/** What the gateway reports about itself: one object, shown as JSON, as a page and as metrics. */

import type { IdentityStatus } from '../../enrolment/identity-keeper.ts';
import type { JournalStatus } from '../../journal/journal.ts';
import type { SensorStatus } from '../../sensing/sensor.ts';
import type { SiteBrokerStatus } from '../../transports/site-broker/site-broker.ts';
import type { DesiredConfigStatus } from '../../uplink/desired-config.ts';
import type { ForwarderStatus } from '../../uplink/forwarder/forwarder-status.ts';
import type { ClockStatus } from '../clock/clock-state.ts';
import type { DeviceStatus } from '../devices/device-status.ts';

export interface GatewayStatus {
  readonly gateway: string;
  readonly version: string;
  readonly startedAt: number;
  readonly now: number;
  readonly clock: ClockStatus;
  /** The certificate of this gateway and its renewal; left out without an `identity` section. */
  readonly identity?: IdentityStatus;
  /** A configuration that the cloud wishes for; left out where nobody can wish for one. */
  readonly desiredConfig?: DesiredConfigStatus;
  readonly uplink: { readonly connected: boolean; readonly state: string };
  readonly journal: JournalStatus & {
    readonly held: number;
    readonly refused: number;
    readonly problem: string | undefined;
  };
  /** Undefined when the gateway has no uplink. */
  readonly forwarder: ForwarderStatus | undefined;
  readonly broker:
    | {
        readonly address: string;
        readonly clients: number;
        readonly counters: Readonly<Record<string, number>>;
      }
    | undefined;
  /** Brokers of the site that devices' messages come from. */
  readonly siteBrokers: readonly SiteBrokerStatus[];
  readonly devices: readonly (DeviceStatus & {
    readonly conditions: readonly { condition: string; detail: string; since: number }[];
  })[];
  readonly readPoints: readonly SensorStatus[];
  readonly unroutedReadings: number;
  /** How late the event loop was, 99th percentile of the last ten seconds; undefined under virtual time. */
  readonly eventLoopDelayP99Seconds: number | undefined;
}
