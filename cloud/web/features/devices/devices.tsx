/** Gateways and their devices: who is online, how far each lane has come, what ails what; and what was refused. */
import type { Gateway } from '../../../contract/gateways.ts';
import type { Status } from '../../../contract/status.ts';
import { Ago } from '../../shell/ago.tsx';
import { Badge } from '../../shell/badge.tsx';
import { useResource, useSite } from '../../shell/context.ts';
import { countOf, formatCount, inWords } from '../../shell/format.ts';
import { CheckIcon, ChipIcon, CriticalIcon, QuestionIcon, WarningIcon } from '../../shell/icons.tsx';
import { Loaded, Section } from '../../shell/section.tsx';
import { DeadLetters } from './dead-letters.tsx';

export function Devices() {
  const { data } = useSite();
  const status = useResource(data.status).data;
  return (
    <Section id="devices" title="Devices and gateways" icon={ChipIcon}>
      <Loaded
        state={useResource(data.gateways)}
        empty="A gateway appears here when it is added (npm run cloud -- gateway add), its devices with their first words."
      >
        {(gateways) => (
          <div className="gateways">
            {gateways.map((gateway) => (
              <GatewayCard key={gateway.id} gateway={gateway} />
            ))}
          </div>
        )}
      </Loaded>
      <DeadLetters />
      {status && <CloudLine status={status} />}
    </Section>
  );
}

function GatewayCard({ gateway }: { gateway: Gateway }) {
  const ailing = gateway.devices.filter(({ conditions }) => !isWell(conditions)).length;
  return (
    <article
      className="card gateway"
      data-testid={`gateway-${gateway.id}`}
      aria-label={`Gateway ${gateway.id}`}
    >
      <header>
        <h3>{gateway.id}</h3>
        <GatewayState gateway={gateway} />
        <span className="muted small push">
          {gateway.lastBatchAt === null ? (
            'no batch yet'
          ) : (
            <>
              last batch <Ago at={gateway.lastBatchAt} />
            </>
          )}
        </span>
      </header>
      <div className="gateway-body">
        <div>
          <h4>Lanes</h4>
          {gateway.lanes.length === 0 && (
            <p className="muted small">Each lane appears with its first batch.</p>
          )}
          <ul className="lanes">
            {gateway.lanes.map(({ epoch, lane, upTo, ahead }) => (
              <li key={`${epoch} ${lane}`} title={`Epoch ${epoch}`}>
                <span>{lane}</span>
                <b>{formatCount(upTo)}</b>
                {ahead > 0 ? (
                  <Badge tone="warning" title="Came ahead of a number that is still missing">
                    {ahead} ahead
                  </Badge>
                ) : (
                  <span className="muted small">complete</span>
                )}
              </li>
            ))}
          </ul>
        </div>
        <div>
          <h4>
            Devices ·{' '}
            <span>
              {ailing === 0
                ? `all ${gateway.devices.length} well`
                : `${countOf(ailing, 'device')} with a condition`}
            </span>
          </h4>
          {gateway.devices.length === 0 && (
            <p className="muted small">Each device appears when it first says how it is.</p>
          )}
          <ul className="devices">
            {gateway.devices.map((device) => (
              <DeviceLine key={device.device} device={device} />
            ))}
          </ul>
        </div>
      </div>
    </article>
  );
}

type Conditions = Gateway['devices'][number]['conditions'];

function isWell(conditions: Conditions): boolean {
  return conditions.every(({ condition }) => condition === 'ok');
}

function DeviceLine({ device }: { device: Gateway['devices'][number] }) {
  const ailments = device.conditions.filter(({ condition }) => condition !== 'ok');
  return (
    <li data-testid={`device-${device.device}`}>
      <span className="device-name">{device.device}</span>
      {ailments.length === 0 ? (
        <Badge tone="ok" icon={CheckIcon}>
          ok
        </Badge>
      ) : (
        ailments.map(({ condition, detail, since }) => (
          <span key={condition} className="ailment">
            <Badge tone="warning" icon={WarningIcon}>
              {inWords(condition)}
            </Badge>
            <span className="muted small">
              {detail} <Ago at={since} />
            </span>
          </span>
        ))
      )}
    </li>
  );
}

function GatewayState({ gateway: { state, stateAt, revoked } }: { gateway: Gateway }) {
  const since = stateAt !== null && (
    <>
      , <Ago at={stateAt} />
    </>
  );
  if (revoked) {
    return (
      <Badge tone="critical" icon={CriticalIcon}>
        Revoked
      </Badge>
    );
  }
  if (state === 'online') {
    return (
      <Badge tone="ok" icon={CheckIcon}>
        Online{since}
      </Badge>
    );
  }
  return (
    <Badge
      tone={state === 'offline' ? 'critical' : 'warning'}
      icon={state === 'offline' ? CriticalIcon : QuestionIcon}
    >
      {inWords(state)}
      {since}
    </Badge>
  );
}

const ENGINES: Readonly<Record<Status['database'], string>> = {
  pglite: 'embedded database (not safe against power loss)',
  postgres: 'PostgreSQL',
};

function CloudLine({ status }: { status: Status }) {
  const events = status.counters.events ?? 0;
  const repeated = status.counters.repeatedEvents ?? 0;
  return (
    <p className="muted small cloud-line">
      Tallyport {status.version} · {ENGINES[status.database]} · intake {status.intake} ·{' '}
      {countOf(events, 'event')} taken, {formatCount(repeated)} came again and changed nothing
    </p>
  );
}
