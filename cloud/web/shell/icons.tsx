/** Icons as inline SVG on a 20-unit grid: lines in the colour of the text, decoration beside words. */
import type { ReactNode } from 'react';

function Icon({ children, size = 18 }: { children: ReactNode; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

interface IconProps {
  readonly size?: number;
}

export type IconPart = (props: IconProps) => ReactNode;

const line =
  (path: string): IconPart =>
  (props) => (
    <Icon {...props}>
      <path d={path} />
    </Icon>
  );

export const ArrowInIcon = line('M3 10h10M9 6l4 4-4 4M16.5 3.5v13');
export const ArrowOutIcon = line('M7 10h10M13 6l4 4-4 4M3.5 3.5v13');
export const TurnedBackIcon = line('M4 7h9a3.5 3.5 0 0 1 0 7H7M7 4 4 7l3 3');
export const QuestionIcon = line('M7.2 7.4a2.9 2.9 0 1 1 4.2 2.7c-.9.5-1.4 1-1.4 2M10 15.4v.1');
export const CheckIcon = line('m4.5 10.5 3.6 3.6 7.4-8');
export const CriticalIcon = line('M6.8 2.8h6.4l4 4v6.4l-4 4H6.8l-4-4V6.8zM10 6.3v4.4M10 13.6v.1');
export const WarningIcon = line('M10 3.2 17.6 16.4H2.4zM10 8v4M10 14.2v.1');
export const InfoIcon = line('M10 2.8a7.2 7.2 0 1 1 0 14.4 7.2 7.2 0 0 1 0-14.4zM10 9v4.6M10 6.4v.1');
export const LockIcon = line('M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 6 0V9');
export const DoorIcon = line('M5 17V3.5h10V17M2.5 17h15M12 10.4v.1');
export const TruckIcon = line(
  'M1.8 5.2h9.6v8.4H1.8zM11.4 8.2h3.8l3 3v2.4h-6.8M5.4 13.6a1.7 1.7 0 1 0 .01 0M14.4 13.6a1.7 1.7 0 1 0 .01 0',
);
export const BoxIcon = line('M3 6.4 10 3l7 3.4v7.2L10 17l-7-3.4zM3 6.4l7 3.4 7-3.4M10 9.8V17');
export const SnowIcon = line('M10 2.5v15M3.5 6.2l13 7.6M16.5 6.2l-13 7.6M8 4l2 1.6L12 4M8 16l2-1.6 2 1.6');
export const ChipIcon = line(
  'M5.5 5.5h9v9h-9zM8 2.8v2.7M12 2.8v2.7M8 14.5v2.7M12 14.5v2.7M2.8 8h2.7M2.8 12h2.7M14.5 8h2.7M14.5 12h2.7',
);
export const CloseIcon = line('M5 5l10 10M15 5 5 15');
export const BackIcon = line('M16 10H4M9 5l-5 5 5 5');
export const ChevronIcon = line('m7 4.5 5.5 5.5L7 15.5');
export const CommentIcon = line('M3 4h14v9.5H9.5L6 16.8v-3.3H3z');
export const SearchIcon = line('M8.6 3a5.6 5.6 0 1 1 0 11.2A5.6 5.6 0 0 1 8.6 3zM12.8 12.8 17 17');
export const SignOutIcon = line('M8 3.5H4v13h4M12.5 6.5 16 10l-3.5 3.5M16 10H7.5');
export const ScaleIcon = line('M10 3.5v13M5.5 16.5h9M3 6.5h14M5 6.5l-2.4 5h4.8zM15 6.5l-2.4 5h4.8z');
