//! Services and their initial rows.

use super::super::at::{At, quote};
use super::super::bounds::{MAX_CONSUMERS, MAX_DECIMALS, MAX_SERVICES, MAX_WORKERS, NODES};
use super::super::document::RowValue;
use super::Check;
use super::keys::Place;

impl Check<'_> {
    pub(super) fn services(&mut self) {
        let services = &self.scenario.services;
        let at = At::ROOT.name("services");
        self.length(&at, "services", services.len(), 1, MAX_SERVICES);
        let names = services.iter().map(|service| &service.name);
        self.unique(&at, "services", names, Some("name"));
        for (index, service) in services.iter().enumerate() {
            let at = at.element(&service.name, index);
            self.name(&at.name("name"), &service.name);
            if NODES.contains(&service.name.as_str())
                || self.is_replica(&service.name)
                || self.is_member(&service.name)
            {
                self.problems.add(
                    &at.name("name"),
                    || format!("{} is a node that patterns bring", quote(&service.name)),
                    || "give the service another name".into(),
                );
            }
            self.count(&at.name("workers"), service.workers.into(), 1, MAX_WORKERS);
            self.count(&at.name("consumers"), service.consumers.into(), 1, MAX_CONSUMERS);
            self.distribution(&at.name("service_time_us"), &service.service_time_us);
            self.distribution(&at.name("read_time_us"), &service.read_time_us);
            self.count(&at.name("decimals"), service.decimals.into(), 0, MAX_DECIMALS);
            let rows = at.name("rows");
            for (key, row) in &service.rows {
                let at = rows.name(key);
                self.key(&at, key, Place::Row, &[]);
                match row {
                    RowValue::One(value) => self.scalar(&at, value),
                    RowValue::Fields(fields) => {
                        for (field, value) in fields {
                            let at = at.name(field);
                            self.name(&at, field);
                            self.scalar(&at, value);
                        }
                    }
                }
            }
        }
    }
}
