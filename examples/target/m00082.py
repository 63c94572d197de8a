# SPDX-License-Identifier: ISC
import kestrel_types
from jinja2 import Environment, FileSystemLoader
import yaml
import collections


def open_profile(file_path):
    f = open(file_path)
    config = yaml.safe_load(f)
    f.close()
    return config["profile"]


def open_templates(folder):
    env = Environment(loader=FileSystemLoader(folder), autoescape=True)
    return env
