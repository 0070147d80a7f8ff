/** A panel from the side for what belongs to one thing: modal, closed with Escape, focus goes back where it was. */
import { type ReactNode, useEffect, useRef } from 'react';
import { BackIcon, CloseIcon } from './icons.tsx';

interface DrawerProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly onBack?: (() => void) | undefined;
  readonly children: ReactNode;
}

export function Drawer({ title, onClose, onBack, children }: DrawerProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="drawer"
      aria-label={title}
      onCancel={onClose}
      closedby="any"
      onClose={onClose}
    >
      <header className="drawer-head">
        {onBack && (
          <button type="button" className="button icon-only" onClick={onBack} aria-label="Back">
            <BackIcon />
          </button>
        )}
        <h2>{title}</h2>
        <button type="button" className="button icon-only" onClick={onClose} aria-label="Close">
          <CloseIcon />
        </button>
      </header>
      <div className="drawer-body">{children}</div>
    </dialog>
  );
}
