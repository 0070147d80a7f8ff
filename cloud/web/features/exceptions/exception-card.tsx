/** One exception with what can be done about it. */
import { useState } from 'react';
import type { Exception } from '../../../contract/exceptions.ts';
import { Ago } from '../../shell/ago.tsx';
import { Badge, SeverityBadge } from '../../shell/badge.tsx';
import { inWords, keepUnits } from '../../shell/format.ts';
import { CheckIcon, CommentIcon } from '../../shell/icons.tsx';
import { usePlaceName } from '../../shell/places.ts';
import { ProblemNote } from '../../shell/problem-note.tsx';
import { type Deciding, useDeciding, useMay } from './decide.ts';
import { DecisionForm } from './decision-form.tsx';
import { HoldList } from './hold-list.tsx';

type Asking = 'nothing' | 'comment' | 'reason';

export function ExceptionCard({ exception }: { exception: Exception }) {
  const { id, severity, status, title, advice, raisedAt, clearedAt, location } = exception;
  const deciding = useDeciding(id);
  const placeName = usePlaceName();
  const isDecided = status === 'resolved' || status === 'withdrawn';
  return (
    <li
      className={`card exception exception-${severity} exception-${status}`}
      data-testid={`exception-${id}`}
      data-status={status}
    >
      <div className="exception-head">
        <SeverityBadge severity={severity} />
        {status !== 'raised' && (
          <Badge tone={isDecided ? 'ok' : 'neutral'} icon={CheckIcon}>
            {inWords(status)}
          </Badge>
        )}
        <span className="muted small push">
          <Ago at={raisedAt} />
        </span>
      </div>
      <h3>{keepUnits(title)}</h3>
      <p className="muted small">
        {location !== null && `${placeName(location)} · `}
        {clearedAt === null ? (
          'ongoing'
        ) : (
          <>
            over since <Ago at={clearedAt} />
          </>
        )}
      </p>
      {!isDecided && <p className="advice">{advice}</p>}
      {exception.holds.active + exception.holds.released > 0 && (
        <HoldList exception={exception} deciding={deciding} />
      )}
      <Decisions decisions={exception.decisions} />
      {deciding.problem && <ProblemNote problem={deciding.problem} />}
      {!isDecided && <Actions exception={exception} deciding={deciding} />}
    </li>
  );
}

function Actions({ exception, deciding }: { exception: Exception; deciding: Deciding }) {
  const [asking, setAsking] = useState<Asking>('nothing');
  const acknowledging = useMay('operator');
  const resolving = useMay('quality');
  const stop = () => setAsking('nothing');
  if (asking === 'comment') {
    return (
      <DecisionForm
        label="Comment"
        button="Acknowledge"
        isRequired={false}
        busy={deciding.busy}
        onCancel={stop}
        onDecide={async (comment) => {
          if (await deciding.acknowledge(comment)) stop();
        }}
      />
    );
  }
  if (asking === 'reason') {
    return (
      <DecisionForm
        label="Reason"
        button="Resolve"
        isRequired
        busy={deciding.busy}
        onCancel={stop}
        onDecide={async (reason) => {
          if (await deciding.resolve(reason)) stop();
        }}
      />
    );
  }
  return (
    <div className="actions">
      {exception.status === 'raised' && (
        <span className="button-pair">
          <button
            type="button"
            className="button primary"
            data-testid={`ack-${exception.id}`}
            disabled={deciding.busy || !acknowledging.allowed}
            title={acknowledging.why}
            onClick={() => void deciding.acknowledge('')}
          >
            <CheckIcon size={16} />
            Acknowledge
          </button>
          <button
            type="button"
            className="button primary icon-only"
            aria-label="Acknowledge with a comment"
            title={acknowledging.why ?? 'Acknowledge with a comment'}
            disabled={deciding.busy || !acknowledging.allowed}
            onClick={() => setAsking('comment')}
          >
            <CommentIcon size={16} />
          </button>
        </span>
      )}
      <button
        type="button"
        className="button"
        data-testid={`resolve-${exception.id}`}
        disabled={deciding.busy || !resolving.allowed}
        title={resolving.why}
        onClick={() => setAsking('reason')}
      >
        Resolve…
      </button>
    </div>
  );
}

function Decisions({ decisions }: Pick<Exception, 'decisions'>) {
  if (decisions.length === 0) return null;
  return (
    <ul className="decisions" aria-label="Decisions">
      {decisions.map(({ action, actor, reason, decidedAt }) => (
        <li key={`${action} ${decidedAt}`}>
          <b>{actor}</b> {DONE[action] ?? inWords(action).toLowerCase()} <Ago at={decidedAt} />
          {reason !== '' && <q>{reason}</q>}
        </li>
      ))}
    </ul>
  );
}

const DONE: Readonly<Record<string, string>> = {
  acknowledge: 'acknowledged',
  resolve: 'resolved',
  release: 'released',
};
