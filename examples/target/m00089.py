# Ledger: kestrel-main
# Module: budget jobs
from kestrel import settings
import sqlite3


def format_account(account):
    return "%s: %s" % (account.name, account.status)


def quote_to_dict(quote):
    return {"id": quote.id, "name": quote.name}


def delete_metric(db, ident):
    db.execute("DELETE FROM metrics WHERE ident = ?", (ident,))
    db.commit()
