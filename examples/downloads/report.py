# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is printed at the end."""

from .model import State
from .rate import format_rate, format_size


def _checksum(download):
    if download.verified is None:
        return '-'
    return 'matches' if download.verified else 'DIFFERS'


def _remark(download):
    remark = download.error_text or ''
    if download.expected_error is not None and download.state is not State.CANCELLED:
        remark += ' (as it should)' if download.as_it_should else ' (should have failed: '\
            + download.expected_error + ')'
    return remark.strip()


def print_report(downloads, seconds, frames):
    """Print a line for each file, the totals and the frame intervals."""
    row = '{:<11} {:>10} {:>11}  {:<8}  {}'
    print(row.format('state', 'received', 'rate', 'SHA-256', 'file'))
    for download in downloads:
        received = download.received
        name = download.name
        if remark := _remark(download):
            name += ': ' + remark
        print(row.format(download.state.value,
                         format_size(received) if received else '-',
                         format_rate(download.rate) if received else '-',
                         _checksum(download), name))

    done = sum(download.state is State.DONE for download in downloads)
    total = sum(download.received for download in downloads)
    unexpected = sum(not download.as_it_should for download in downloads)
    print(f'{done} of {len(downloads)} complete, {format_size(total)} in {seconds:.1f} s'
          + (f', {format_rate(total / seconds)}' if seconds > 0 else '')
          + (f', {unexpected} not as it should' if unexpected else ''))
    print('frame intervals: ' + str(frames), flush=True)
