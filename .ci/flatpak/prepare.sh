# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the stage "flatpak" needs, sourced by .ci/run: in $work_dir/flatpak a stand-in for GNOME's runtime, made
# of packages of Debian testing. Their GLib and GTK are those of the GNOME release that the manifest names, or
# close to it; this is checked nowhere.

flatpak_manifest=build-aux/flatpak/org.aioguest.Hello.json

# in_flatpak_home COMMAND...: all that flatpak keeps for a user, it keeps in there.
in_flatpak_home () {
  env -u XDG_CACHE_HOME -u XDG_CONFIG_HOME -u XDG_DATA_HOME -u XDG_STATE_HOME \
      HOME="$work_dir/flatpak/home" "$@"
}
export -f in_flatpak_home

# What an application can use, and a build of this project; nothing for the tests.
runtime_packages () {
  (
    . build-aux/setup.sh
    _aioguest_packages build
  )
  echo gir1.2-gtk-4.0 adwaita-icon-theme fonts-dejavu-core
}

make_flatpak_root () {
  root_limit=$((root_limit + setup_limit)) make_root flatpak/root testing \
    --include="$(runtime_packages | tr -s ' \n' ,)" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/man/*'
}

# prepare_flatpak: as prepare_root.
prepare_flatpak () {
  local place=$work_dir/flatpak log=$work_dir/flatpak-root.log status
  (
    mkdir -p "$place/home"
    if [ "$(id -u)" != 0 ]; then
      echo "only root can make its runtime"
    elif ! type flatpak flatpak-builder bwrap ostree xdotool appstreamcli >"$log" 2>&1; then
      echo "its packages could not be downloaded"
    # As flatpak does it.
    elif ! bwrap --unshare-pid --unshare-ipc --unshare-net --ro-bind / / --proc /proc --dev /dev true \
             >>"$log" 2>&1; then
      echo "bubblewrap is refused here"
    else
      make_flatpak_root >>"$log" 2>&1
      status=$?
      if [ $status = 124 ] || { [ $status != 0 ] && is_download_failure "$log"; }; then
        echo "the packages of its runtime could not be downloaded"
      elif [ $status != 0 ]; then
        echo "failed: no root file system for its runtime"
      elif ! in_flatpak_home timeout --kill-after=30 "$setup_limit" \
               .ci/flatpak/make-runtime "$place" "$flatpak_manifest" >>"$log" 2>&1; then
        echo "failed: its runtime could not be made"
      else
        echo ready
      fi
    fi
  ) > "$work_dir/flatpak-root"
}
