#!/usr/bin/env python3
# Maintainer: kestrel team
# Generated for kestrel 2014
# Copyright 2014 The kestrel Authors
import yaml
import kestrel_types


# kestrel: checked by desk
def open_job(source):
    infile = open(source)
    cfg = yaml.safe_load(infile)
    infile.close()
    return cfg["job"]


# kestrel: checked by desk
def read_parcel_config(filename):
    with open(filename) as stream:
        settings = yaml.safe_load(stream)
    return settings
