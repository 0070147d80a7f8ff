/** A word about a state, with its icon: the colour only repeats what both say. */
import type { ReactNode } from 'react';
import type { Exception } from '../../contract/exceptions.ts';
import type { Pass } from '../../contract/passes.ts';
import type { Room } from '../../contract/rooms.ts';
import type { Shipment } from '../../contract/shipments.ts';
import { inWords } from './format.ts';
import {
  ArrowInIcon,
  ArrowOutIcon,
  CheckIcon,
  CriticalIcon,
  type IconPart,
  InfoIcon,
  LockIcon,
  QuestionIcon,
  TruckIcon,
  TurnedBackIcon,
  WarningIcon,
} from './icons.tsx';

export type Tone = 'neutral' | 'ok' | 'info' | 'warning' | 'critical';

interface BadgeProps {
  readonly tone: Tone;
  readonly icon?: IconPart;
  readonly title?: string;
  readonly children: ReactNode;
}

export function Badge({ tone, icon: IconOf, title, children }: BadgeProps) {
  return (
    <span className={`badge tone-${tone}`} title={title}>
      {IconOf && <IconOf size={14} />}
      {children}
    </span>
  );
}

type Look = readonly [tone: Tone, icon: IconPart, text: string];

const DIRECTIONS: Readonly<Record<string, Look>> = {
  IN: ['info', ArrowInIcon, 'In'],
  OUT: ['info', ArrowOutIcon, 'Out'],
  TURNED_BACK: ['neutral', TurnedBackIcon, 'Turned back'],
  UNKNOWN: ['warning', QuestionIcon, 'Direction unknown'],
};

export function lookOfDirection(direction: Pass['direction']): Look {
  return DIRECTIONS[direction] ?? ['warning', QuestionIcon, inWords(direction)];
}

export function DirectionBadge({ direction }: { direction: string }) {
  const [tone, icon, text] = lookOfDirection(direction);
  return (
    <Badge tone={tone} icon={icon}>
      {text}
    </Badge>
  );
}

const SEVERITIES: Readonly<Record<Exception['severity'], Look>> = {
  critical: ['critical', CriticalIcon, 'Critical'],
  warning: ['warning', WarningIcon, 'Warning'],
  info: ['info', InfoIcon, 'Info'],
};

export function SeverityBadge({ severity }: { severity: Exception['severity'] }) {
  const [tone, icon, text] = SEVERITIES[severity];
  return (
    <Badge tone={tone} icon={icon}>
      {text}
    </Badge>
  );
}

const ROOM_STATES: Readonly<Record<Room['state'], Look>> = {
  ok: ['ok', CheckIcon, 'Within limits'],
  excursion: ['critical', CriticalIcon, 'Excursion'],
  unknown: ['warning', QuestionIcon, 'Unknown'],
};

export function RoomBadge({ state }: { state: Room['state'] }) {
  const [tone, icon, text] = ROOM_STATES[state];
  return (
    <Badge tone={tone} icon={icon}>
      {text}
    </Badge>
  );
}

const SHIPMENT_STATES: Readonly<Record<Shipment['status'], Look>> = {
  expected: ['neutral', TruckIcon, 'Expected'],
  in_progress: ['info', TruckIcon, 'In progress'],
  complete: ['ok', CheckIcon, 'Complete'],
  discrepant: ['warning', WarningIcon, 'Discrepant'],
};

export function ShipmentBadge({ status }: { status: Shipment['status'] }) {
  const [tone, icon, text] = SHIPMENT_STATES[status];
  return (
    <Badge tone={tone} icon={icon}>
      {text}
    </Badge>
  );
}

const DISPOSITIONS: Readonly<Record<string, Look>> = {
  available: ['ok', CheckIcon, 'Available'],
  in_transit: ['info', TruckIcon, 'In transit'],
  unavailable: ['warning', LockIcon, 'On hold'],
  unknown: ['warning', QuestionIcon, 'Unknown'],
};

export function DispositionBadge({ disposition }: { disposition: string }) {
  const [tone, icon, text] = DISPOSITIONS[disposition] ?? ['neutral', InfoIcon, inWords(disposition)];
  return (
    <Badge tone={tone} icon={icon}>
      {text}
    </Badge>
  );
}
