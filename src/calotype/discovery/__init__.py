"""Discovery: find people by the beginnings of their names, be shown some to follow, see what is new.

Guarantees: a new name is found within moments (`account.changed`, decision 023); no question costs
more than a bounded number of rows; posts are shown by the one rule of audience/rule.py.
Refuses: to read a whole table, and to show people to strangers.
"""
