#!/bin/sh
# Packages start no services: there is no init system here (invoke-rc.d(8)).
exit 101
