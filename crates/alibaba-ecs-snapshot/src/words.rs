//! ECS's words for states and kinds.

alibaba_core::words! {
    /// What a snapshot, or a group of snapshots, has come to.
    SnapshotStatus {
        /// It is being made.
        Progressing = "progressing",
        /// It is there.
        Accomplished = "accomplished",
        /// It has failed.
        Failed = "failed",
    }
    /// Who made a snapshot.
    SnapshotType {
        /// A call.
        User = "user",
        /// An automatic snapshot policy.
        Auto = "auto",
        /// An automatic snapshot policy, in an older word.
        Timer = "timer",
    }
    /// How a snapshot is stored.
    SnapshotCategory {
        /// Ready for use.
        Standard = "Standard",
        /// A kind that is no longer made.
        Flash = "Flash",
        /// Cheaper, and slower to use.
        Archive = "Archive",
    }
    /// What has been made of a snapshot.
    SnapshotUsage {
        /// Images.
        Image = "image",
        /// Disks.
        Disk = "disk",
        /// Images and disks.
        ImageAndDisk = "image_disk",
        /// Nothing.
        Unused = "none",
    }
    /// What a disk is to its instance.
    DiskType {
        /// It holds the operating system.
        System = "system",
        /// It holds data.
        Data = "data",
    }
    /// What a disk is doing.
    DiskStatus {
        /// It is being made.
        Creating = "Creating",
        /// It is attached to no instance.
        Available = "Available",
        /// It is being attached.
        Attaching = "Attaching",
        /// It is attached to an instance.
        InUse = "In_use",
        /// It is being detached.
        Detaching = "Detaching",
        /// It is being set back to a snapshot.
        ReIniting = "ReIniting",
    }
    /// Of which kind a disk is.
    DiskCategory {
        /// Basic disk.
        Cloud = "cloud",
        /// Ultra disk.
        Efficiency = "cloud_efficiency",
        /// Standard SSD.
        Ssd = "cloud_ssd",
        /// ESSD.
        Essd = "cloud_essd",
        /// ESSD AutoPL.
        Auto = "cloud_auto",
        /// ESSD Entry.
        EssdEntry = "cloud_essd_entry",
        /// Regional ESSD, kept in several zones.
        RegionalAuto = "cloud_regional_disk_auto",
        /// Standard elastic ephemeral disk. It has no snapshots.
        EphemeralStandard = "elastic_ephemeral_disk_standard",
        /// Premium elastic ephemeral disk. It has no snapshots.
        EphemeralPremium = "elastic_ephemeral_disk_premium",
    }
    /// How fast an ESSD is.
    PerformanceLevel {
        /// Up to 10 000 operations a second.
        Pl0 = "PL0",
        /// Up to 50 000.
        Pl1 = "PL1",
        /// Up to 100 000.
        Pl2 = "PL2",
        /// Up to 1 000 000.
        Pl3 = "PL3",
    }
    /// How something is paid for.
    ChargeType {
        /// By use.
        PostPaid = "PostPaid",
        /// In advance.
        PrePaid = "PrePaid",
    }
    /// Whether a disk can be attached to several instances.
    MultiAttach {
        /// To one.
        Disabled = "Disabled",
        /// To several.
        Enabled = "Enabled",
        /// To several, as shared block storage of the past.
        LegacyShared = "LegacyShared",
    }
    /// Why a disk or an instance cannot be worked on.
    LockReason {
        /// Something is unpaid.
        Financial = "financial",
        /// For security.
        Security = "security",
        /// A preemptible instance is being taken back.
        Recycling = "Recycling",
        /// The dedicated host is unpaid.
        DedicatedHostFinancial = "dedicatedhostfinancial",
        /// It was refunded.
        Refunded = "refunded",
    }
    /// What an instance is doing.
    InstanceStatus {
        /// It is being made.
        Pending = "Pending",
        /// It is being started.
        Starting = "Starting",
        /// It runs.
        Running = "Running",
        /// It is being stopped.
        Stopping = "Stopping",
        /// It is stopped.
        Stopped = "Stopped",
    }
    /// In which kind of network an instance is.
    NetworkType {
        /// A VPC.
        Vpc = "vpc",
        /// The classic network.
        Classic = "classic",
    }
    /// How traffic to the Internet is paid for.
    InternetChargeType {
        /// By bandwidth.
        ByBandwidth = "PayByBandwidth",
        /// By traffic.
        ByTraffic = "PayByTraffic",
    }
    /// Whether the metadata service of an instance wants a token.
    HttpTokens {
        /// It takes requests without one.
        Optional = "optional",
        /// It refuses requests without one.
        Required = "required",
    }
    /// Whether something is on.
    Switch {
        /// It is.
        Enabled = "enabled",
        /// It is not.
        Disabled = "disabled",
    }
    /// How a preemptible instance is paid for.
    SpotStrategy {
        /// It is not preemptible.
        NoSpot = "NoSpot",
        /// Up to a price.
        WithPriceLimit = "SpotWithPriceLimit",
        /// At the price of the day.
        AsPriceGoes = "SpotAsPriceGo",
    }
    /// How a snapshot is locked.
    LockMode {
        /// Nobody can delete it before the time is over, not even the account.
        Compliance = "compliance",
    }
    /// How far a lock is.
    LockStatus {
        /// It can still be undone.
        CoolOff = "compliance-cooloff",
        /// It holds.
        Locked = "compliance",
        /// It is over.
        Expired = "expired",
    }
    /// Whether an automatic snapshot policy works.
    PolicyStatus {
        /// It does.
        Normal = "Normal",
        /// It does not, since the account owes money.
        Expired = "Expire",
    }
    /// Whose an automatic snapshot policy is.
    PolicyKind {
        /// The account's own.
        Custom = "Custom",
        /// ECS's.
        System = "System",
    }
    /// How an automatic snapshot policy finds its disks.
    AssociationType {
        /// It is applied to them.
        Disks = "AssociatedWithDisk",
        /// They are those of instances with certain tags.
        InstanceTags = "AssociatedWithInstanceTag",
    }
    /// Of which type a resource with tags is.
    ResourceType {
        /// A disk.
        Disk = "disk",
        /// A snapshot.
        Snapshot = "snapshot",
        /// An automatic snapshot policy.
        SnapshotPolicy = "snapshotpolicy",
        /// An instance.
        Instance = "instance",
        /// An image.
        Image = "image",
        /// A volume.
        Volume = "volume",
        /// A security group.
        SecurityGroup = "securitygroup",
        /// A network interface.
        NetworkInterface = "eni",
    }
    /// For what a region is looked at.
    RegionResource {
        /// For instances.
        Instance = "instance",
        /// For disks.
        Disk = "disk",
        /// For reserved instances.
        ReservedInstance = "reservedinstance",
        /// For storage capacity units.
        StorageCapacityUnit = "scu",
    }
    /// Whether a region has what is asked for.
    RegionStatus {
        /// It has.
        Available = "available",
        /// It is sold out.
        SoldOut = "soldOut",
    }
    /// In which language names are written.
    Language {
        /// Simplified Chinese.
        SimplifiedChinese = "zh-CN",
        /// Traditional Chinese.
        TraditionalChinese = "zh-TW",
        /// English.
        English = "en-US",
        /// Japanese.
        Japanese = "ja",
        /// French.
        French = "fr",
        /// German.
        German = "de",
        /// Korean.
        Korean = "ko",
    }
}
